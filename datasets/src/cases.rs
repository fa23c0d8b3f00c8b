//! What the accuracy bench runs, one case a scored replay.

use std::path::Path;

use anyhow::Result;

use crate::recording::Recording;
use crate::sets::{self, Options};

/// A recording and the bar that quick estimators set for it.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the report calls it.
    pub name: String,
    /// Set, by the name of its folder.
    pub set: &'static str,
    /// Which recording of it.
    pub options: Options,
    /// What a sketch reached online, in the unit of the recording's metric.
    pub online: Option<f64>,
    /// What it reached smoothed.
    pub smoothed: Option<f64>,
}

impl Case {
    fn new(name: &str, set: &'static str, online: Option<f64>, smoothed: Option<f64>) -> Self {
        Self {
            name: name.to_owned(),
            set,
            options: Options::default(),
            online,
            smoothed,
        }
    }

    fn run(self, run: &str) -> Self {
        Self {
            options: Options {
                run: Some(run.to_owned()),
                ..self.options
            },
            ..self
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// Missing or malformed files.
    pub fn load(&self, data_dir: &Path) -> Result<Recording> {
        sets::load(self.set, &data_dir.join(self.set), &self.options)
    }
}

/// All cases whose set's folder is there.
pub fn all(data_dir: &Path) -> impl Iterator<Item = Case> {
    let present = |case: &Case| data_dir.join(case.set).is_dir();
    list()
        .into_iter()
        .filter(present)
        .collect::<Vec<_>>()
        .into_iter()
}

fn list() -> Vec<Case> {
    let case = Case::new;
    let mut cases = vec![
        case("plaza1", "plaza1", Some(0.283), Some(0.210)),
        case("labyrinth", "labyrinth", Some(0.044), Some(0.039)),
        case("mrclam robot 1", "mrclam", Some(0.139), Some(0.114)),
        // The sketch used the ranges alone.
        case("starloc s1", "starloc", Some(0.155), None).run("s1"),
        case("starloc s2", "starloc", None, None).run("s2"),
        case("iasl_uwb", "iasl_uwb", Some(0.099), Some(0.082)),
    ];
    for (run, online_m, smoothed_m) in [
        ("los_a1", 0.60, 0.39),
        ("los_b3", 0.47, 0.34),
        ("nlos_a1", 0.68, 0.48),
        ("nlos_b3", 0.45, 0.32),
    ] {
        let name = format!("hanyang_uwb {run}");
        cases.push(case(&name, "hanyang_uwb", Some(online_m), Some(smoothed_m)).run(run));
    }
    cases.push(case(
        "crazyflie_tdoa",
        "crazyflie_tdoa",
        Some(0.087),
        Some(0.077),
    ));
    cases.push(case("comma2k19", "comma2k19", Some(0.44), Some(0.45)));
    let mut outage = case(
        "comma2k19, last 30 s without satellites",
        "comma2k19",
        None,
        None,
    );
    outage.options.without_gnss_s = Some(30.0);
    cases.push(outage);
    // The sketch's bar is 6.1 % of the distance (median) at the end of an outage, smoothed 1.2 m.
    cases.push(case(
        "victoria_park, 60 s outages",
        "victoria_park",
        None,
        Some(1.2),
    ));
    cases.push(case(
        "kitti_imu_gps, 30 s outages",
        "kitti_imu_gps",
        Some(1.6),
        Some(0.5),
    ));
    for (trial, heading_deg) in [(10, 0.33), (30, 1.76)] {
        // The bar is that of the heading; inclination 0.18 and 0.97 deg.
        let mut broad = case(&format!("broad {trial}"), "broad", Some(heading_deg), None);
        broad.options.trial = Some(trial);
        cases.push(broad);
    }
    for run in [
        "rectangular_with_rotation",
        "rectangular_without_rotation",
        "straight_05",
    ] {
        cases.push(
            case(
                &format!("ble_tetam {run}"),
                "ble_tetam",
                Some(1.57),
                Some(1.30),
            )
            .run(run),
        );
    }
    for run in ["1", "2", "3"] {
        cases.push(case(&format!("wifibot {run}"), "wifibot", Some(0.048), None).run(run));
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_samples_and_scored_truth() {
        for case in all(&sets::data_dir()) {
            let recording = case.load(&sets::data_dir()).unwrap();
            assert!(recording.samples().count() > 100, "{}", case.name);
            let scored = recording
                .truth()
                .filter(|row| recording.protocol.scores(row.t))
                .count();
            assert!(scored > 0, "{}: no truth counts", case.name);
            let known = |source: &str| recording.vehicle.sources.contains_key(source);
            let stranger = recording
                .samples()
                .find(|sample| !known(sample.source.as_str()));
            assert!(stranger.is_none(), "{}: {stranger:?}", case.name);
            assert!(recording.records.is_sorted_by_key(|record| match record {
                wayfix::log::Record::Sample(s) => (s.t, false),
                wayfix::log::Record::Truth(row) => (row.t, true),
            }));
        }
    }
}
