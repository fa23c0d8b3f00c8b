//! Satellite positions and velocities.

use nalgebra::{Vector2, Vector3};
use wayfix_filter::measurement::{Corrected, Position, Velocity};
use wayfix_filter::{Parameter, Slot};
use wayfix_sensors::sample::{GnssFix, GnssPosition, GnssVelocity};

use super::{At, Model, Slots, constant, drift, lag};
use crate::config::site::Datum;
use crate::config::source::GnssSource;
use crate::engine::parameter::{self, Kind, SITE};
use crate::engine::report::Fate;

/// Geodetic position to the antenna's place in the site frame.
pub(super) fn position(
    at: &At,
    config: &GnssSource,
    reading: &GnssPosition,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let datum = at.setup.datum.ok_or(Fate::MissingReference)?;
    if reading.lat_deg.abs() > 90.0 || reading.lon_deg.abs() > 360.0 {
        return Err(Fate::Invalid);
    }
    let height_m = reading.height_m.filter(|_| config.use_height);
    let (p_n, sigma) = place(&datum, config, reading);
    let (east, north) = (p_n.x, p_n.y);
    let lever = [
        constant(slots, at.id(Kind::LeverX), config.lever_sigma_m),
        constant(slots, at.id(Kind::LeverY), config.lever_sigma_m),
    ];
    let time_lag = lag(slots, at.id(Kind::Lag), config.position_lag_sigma_s);
    let drift_of = |slots: &mut _, kind| {
        drift(
            slots,
            at.id(kind),
            config.drift_sigma_m,
            config.drift_time_s,
        )
    };
    let x = drift_of(slots, Kind::DriftX);
    let y = drift_of(slots, Kind::DriftY);
    let p_bs = at.source.p_bs;
    let tie = Tie::of(at, slots);
    if height_m.is_none() {
        let model = Position {
            p_n: Vector2::new(east, north),
            p_bs,
            sigma_m: sigma.xy(),
            lever,
        };
        let corrected = Corrected::new(model)
            .lag(time_lag)
            .additive(0, x)
            .additive(1, y);
        return Ok(Model::Position2(tie.on(corrected, east, north)));
    }
    let sigma_up_m = config.drift_sigma_m * config.vertical_ratio;
    let z = drift(slots, at.id(Kind::DriftZ), sigma_up_m, config.drift_time_s);
    let model = Position {
        p_n,
        p_bs,
        sigma_m: sigma,
        lever,
    };
    let corrected = Corrected::new(model)
        .lag(time_lag)
        .additive(0, x)
        .additive(1, y)
        .additive(2, z);
    Ok(Model::Position3(tie.on(corrected, east, north)))
}

/// Where the datum is off by b and the site frame is turned by ψ, satellites say
///   z = p + b + ψ e_z × p
/// of a place p of the site; with small ψ, p there may be the z that was read.
struct Tie {
    offset: [Option<Slot>; 2],
    turn: Option<Slot>,
}

impl Tie {
    fn of(at: &At, slots: &mut impl Slots) -> Self {
        let (sigma_m, sigma_rad) = at.setup.tie.unwrap_or_default();
        // Without a bound: a datum may be off by far more than its sigma, and is to be found.
        let mut slot = |kind, sigma: f64| {
            let prior = Parameter::walk(sigma, 0.0);
            (sigma > 0.0)
                .then(|| slots.slot(parameter::id(kind, SITE, 0), &prior))
                .flatten()
        };
        Self {
            offset: [slot(Kind::TieX, sigma_m), slot(Kind::TieY, sigma_m)],
            turn: slot(Kind::TieYaw, sigma_rad),
        }
    }

    /// Puts it on a measurement whose first two components are east and north, `x` and `y` from the
    /// datum [the same unit].
    fn on<Model>(&self, measurement: Corrected<Model>, x: f64, y: f64) -> Corrected<Model> {
        measurement
            .additive(0, self.offset[0])
            .additive(1, self.offset[1])
            .scaled(0, self.turn, -y)
            .scaled(1, self.turn, x)
    }
}

/// The antenna's place in the site frame \[m\], as satellites and datum have it, and its sigma \[m\];
/// on the datum's height where there is none.
pub fn place(
    datum: &Datum,
    config: &GnssSource,
    reading: &GnssPosition,
) -> (Vector3<f64>, Vector3<f64>) {
    let height_m = reading.height_m.filter(|_| config.use_height);
    let p_n = datum.enu(reading.lat_deg, reading.lon_deg, height_m);
    (p_n, sigma_enu(config, reading))
}

/// What the receiver states, or what its kind of fix promises; never below the floor.
fn sigma_enu(config: &GnssSource, reading: &GnssPosition) -> Vector3<f64> {
    let stated = reading.sigma_enu_m.map(Vector3::from);
    let by_fix = match reading.fix {
        GnssFix::Single => config.sigma_single_m,
        GnssFix::Differential => config.sigma_differential_m,
        GnssFix::RtkFloat => config.sigma_float_m,
        GnssFix::RtkFixed => config.sigma_fixed_m,
    };
    let promised = Vector3::new(by_fix, by_fix, by_fix * config.vertical_ratio);
    stated
        .unwrap_or(promised)
        .map(|s| s.max(config.sigma_floor_m))
}

/// Velocity of the antenna.
pub(super) fn velocity(
    at: &At,
    config: &GnssSource,
    reading: &GnssVelocity,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let time_lag = lag(slots, at.id(Kind::VelocityLag), config.velocity_lag_sigma_s);
    let sigma = reading.sigma_mps.unwrap_or(config.velocity_sigma_mps);
    let p_bs = at.source.p_bs;
    let horizontal = Vector2::new(reading.east_mps, reading.north_mps);
    Ok(match reading.up_mps {
        Some(up) => {
            let model = Velocity {
                v_n: horizontal.push(up),
                p_bs,
                sigma_mps: Vector3::repeat(sigma),
            };
            Model::Velocity3(Corrected::new(model).lag(time_lag))
        }
        None => {
            let model = Velocity {
                v_n: horizontal,
                p_bs,
                sigma_mps: Vector2::repeat(sigma),
            };
            Model::Velocity2(Corrected::new(model).lag(time_lag))
        }
    })
}
