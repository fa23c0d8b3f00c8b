//! The Earth's field at a site and a date, by the World Magnetic Model.

use world_magnetic_model::GeomagneticField;
use world_magnetic_model::time::{Date, OffsetDateTime};
use world_magnetic_model::uom::si::angle::{degree, radian};
use world_magnetic_model::uom::si::f32::{Angle, Length};
use world_magnetic_model::uom::si::length::meter;
use world_magnetic_model::uom::si::magnetic_flux_density::microtesla;

use wayfix_filter::Timestamp;

use crate::config::site::Datum;

/// A log whose times begin before this has a clock of its own, and no date: 2015 \[s\].
const FIRST_DATE_S: i64 = 1_420_070_400;

/// The field with its sigmas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarthField {
    /// From true north to magnetic north, east positive [deg].
    pub declination_deg: [f64; 2],
    /// Below the horizontal [deg].
    pub inclination_deg: [f64; 2],
    /// Strength \[µT\].
    pub strength_ut: [f64; 2],
}

/// The date of a log, where its times are those of the calendar.
#[must_use]
pub fn date_of(t: Timestamp) -> Option<Date> {
    let seconds = t.0.div_euclid(1_000_000_000);
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok()?.date();
    (seconds >= FIRST_DATE_S).then_some(date)
}

/// A date as people write it, `2026-03-31`.
///
/// # Errors
/// Something else.
pub fn date_from(text: &str) -> Result<Date, String> {
    let expected = || "expected a date like 2026-03-31".to_owned();
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return Err(expected());
    };
    let month = (month.parse::<u8>().ok()).and_then(|m| m.try_into().ok());
    let (year, day) = year
        .parse()
        .ok()
        .zip(day.parse().ok())
        .ok_or_else(expected)?;
    let month = month.ok_or_else(expected)?;
    Date::from_calendar_date(year, month, day).map_err(|_| expected())
}

/// The field there and then.
///
/// # Errors
/// A date or a place that the model does not have.
pub fn earth_field(datum: &Datum, date: Date) -> Result<EarthField, String> {
    let angle = |deg: f64| Angle::new::<degree>(deg as f32);
    let field = GeomagneticField::new(
        Length::new::<meter>(datum.height_m as f32),
        angle(datum.lat_deg),
        angle(datum.lon_deg),
        date,
    )
    .map_err(|error| error.to_string())?;
    let deg = |value: Angle, sigma: Angle| {
        let sigma = f64::from(sigma.get::<radian>()).to_degrees();
        [f64::from(value.get::<degree>()), sigma]
    };
    Ok(EarthField {
        declination_deg: deg(field.declination(), field.declination_uncertainty()),
        inclination_deg: deg(field.inclination(), field.inclination_uncertainty()),
        strength_ut: [
            f64::from(field.f().get::<microtesla>()),
            f64::from(field.f_uncertainty().get::<microtesla>()),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first of the test values that NOAA publishes with the model of 2020.
    #[test]
    fn the_model_gives_its_test_values() {
        let there = Datum::at(80.0, 0.0, 0.0);
        let field = earth_field(&there, date_from("2020-01-01").unwrap()).unwrap();
        assert!((field.declination_deg[0] + 1.28).abs() < 0.01, "{field:?}");
        assert!((field.inclination_deg[0] - 83.14).abs() < 0.01, "{field:?}");
        assert!((field.strength_ut[0] - 55.0001).abs() < 0.001, "{field:?}");
        assert!(field.declination_deg[1] > 0.1 && field.declination_deg[1] < 2.0);
        assert!(earth_field(&there, date_from("1990-01-01").unwrap()).is_err());
    }

    #[test]
    fn dates_are_read_and_clocks_without_one_are_known() {
        assert!(date_from("2026-02-30").is_err() && date_from("tomorrow").is_err());
        assert_eq!(date_of(Timestamp::from_seconds(12.0)), None);
        let t = Timestamp(1_774_915_200_000_000_000);
        assert_eq!(date_of(t), Some(date_from("2026-03-31").unwrap()));
    }
}
