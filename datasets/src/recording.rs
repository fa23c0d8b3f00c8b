//! A recording ready for replay, and the builder that sorts it.

use anyhow::{Context, Result, anyhow};
use wayfix::config::{Site, Vehicle};
use wayfix::log::{Record, Truth, TruthState};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Reading, Sample};

use crate::protocol::Protocol;

/// A recording: what was measured, what was true, where and on what, and how it is scored.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Set and run, as in `mrclam/robot1`.
    pub name: String,
    /// Samples and truth by time; at equal times samples first, each kind in its file's order.
    pub records: Vec<Record>,
    /// The site.
    pub site: Site,
    /// The site as text, with its comments.
    pub site_toml: String,
    /// The vehicle.
    pub vehicle: Vehicle,
    /// The vehicle as text, with its comments.
    pub vehicle_toml: String,
    /// How it is scored.
    pub protocol: Protocol,
}

impl Recording {
    /// From the two files as texts.
    ///
    /// # Errors
    /// A text that is not a site or a vehicle.
    pub fn new(
        name: impl Into<String>,
        log: Log,
        site_toml: String,
        vehicle_toml: String,
        protocol: Protocol,
    ) -> Result<Self> {
        let name = name.into();
        let site = toml::from_str(&site_toml).with_context(|| format!("{name}: site.toml"))?;
        let vehicle =
            toml::from_str(&vehicle_toml).with_context(|| format!("{name}: vehicle.toml"))?;
        let records = log.into_records();
        Ok(Self {
            name,
            records,
            site,
            site_toml,
            vehicle,
            vehicle_toml,
            protocol,
        })
    }

    /// The samples alone.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.records.iter().filter_map(|record| match record {
            Record::Sample(sample) => Some(sample),
            Record::Truth(_) => None,
        })
    }

    /// The truth alone.
    pub fn truth(&self) -> impl Iterator<Item = &Truth> {
        self.records.iter().filter_map(|record| match record {
            Record::Sample(_) => None,
            Record::Truth(truth) => Some(truth),
        })
    }
}

/// Collects records in any order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    records: Vec<Record>,
}

impl Log {
    /// Adds what a source said.
    pub fn sample(&mut self, t: Timestamp, source: Name, reading: Reading) {
        self.records
            .push(Record::Sample(Sample { t, source, reading }));
    }

    /// Adds truth.
    pub fn truth(&mut self, t: Timestamp, state: TruthState) {
        self.records.push(Record::Truth(Truth { t, state }));
    }

    /// Earliest and latest sample.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = self.records.iter().filter_map(|record| match record {
            Record::Sample(sample) => Some(sample.t),
            Record::Truth(_) => None,
        });
        times.fold(None, |span, t| match span {
            None => Some((t, t)),
            Some((first, last)) => Some((first.min(t), last.max(t))),
        })
    }

    /// The truth that was added first.
    #[must_use]
    pub fn first_truth(&self) -> Option<&Truth> {
        self.records.iter().find_map(|record| match record {
            Record::Sample(_) => None,
            Record::Truth(truth) => Some(truth),
        })
    }

    fn into_records(mut self) -> Vec<Record> {
        self.records.sort_by_key(|record| match record {
            Record::Sample(sample) => (sample.t, false),
            Record::Truth(truth) => (truth.t, true),
        });
        self.records
    }
}

/// A short name, kept in place.
///
/// # Errors
/// Longer than a [`Name`] holds.
pub fn name(text: &str) -> Result<Name> {
    Name::from(text).map_err(|_| anyhow!("name {text:?} is longer than 48 bytes"))
}

/// The `[start]` table of vehicle.toml.
#[must_use]
pub fn start_toml(position_m: [f64; 3], sigma_m: f64, yaw: Option<(f64, f64)>) -> String {
    let [x, y, z] = position_m;
    let mut text =
        format!("\n[start]\nposition_m = [{x:?}, {y:?}, {z:?}]\nsigma_m = {sigma_m:?}\n");
    if let Some((yaw_rad, sigma_rad)) = yaw {
        text += &format!(
            "yaw_deg = {:?}\nyaw_sigma_deg = {:?}\n",
            yaw_rad.to_degrees(),
            sigma_rad.to_degrees()
        );
    }
    text
}

/// The text of site.toml for a site that was put together from a set's own tables.
///
/// # Errors
/// A site that TOML cannot express.
pub fn site_toml(site: &Site) -> Result<String> {
    toml::to_string(site).context("site.toml")
}

#[cfg(test)]
mod tests {
    use wayfix_sensors::sample::Height;

    use super::*;

    #[test]
    fn records_are_sorted_and_samples_come_before_truth() {
        let mut log = Log::default();
        let source = name("baro").unwrap();
        let reading = |height_m| Reading::Height(Height { height_m });
        log.truth(Timestamp(5), TruthState::default());
        log.sample(Timestamp(5), source, reading(1.0));
        log.sample(Timestamp(5), source, reading(2.0));
        log.sample(Timestamp(3), source, reading(3.0));
        assert_eq!(log.span(), Some((Timestamp(3), Timestamp(5))));
        let records = log.into_records();
        let heights: Vec<_> = records
            .iter()
            .map(|record| match record {
                Record::Sample(Sample {
                    reading: Reading::Height(h),
                    ..
                }) => h.height_m,
                _ => 0.0,
            })
            .collect();
        assert_eq!(heights, [3.0, 1.0, 2.0, 0.0]);
    }

    #[test]
    fn start_reads_back() {
        let text = start_toml([1.0, -2.0, 0.0], 0.1, Some((0.5, 0.01)));
        let vehicle: Vehicle = toml::from_str(&text).unwrap();
        let start = vehicle.start.unwrap();
        assert_eq!(start.position_m, [1.0, -2.0, 0.0]);
        assert!((start.yaw_deg.unwrap().to_radians() - 0.5).abs() < 1e-12);
    }
}
