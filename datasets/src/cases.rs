//! What the accuracy bench runs, one case a scored replay.

use std::path::Path;

use anyhow::Result;

use crate::recording::Recording;
use crate::sets::{self, Options};

/// A recording under a name.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the report calls it.
    pub name: String,
    /// Set, by the name of its folder.
    pub set: &'static str,
    /// Which recording of it.
    pub options: Options,
}

impl Case {
    fn new(name: &str, set: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            set,
            options: Options::default(),
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

/// All cases, whether their sets are there or not.
#[must_use]
pub fn list() -> Vec<Case> {
    let case = Case::new;
    let mut cases = vec![
        case("plaza1", "plaza1"),
        case("labyrinth", "labyrinth"),
        case("mrclam robot 1", "mrclam"),
        case("starloc s1", "starloc").run("s1"),
        case("starloc s2", "starloc").run("s2"),
        case("iasl_uwb", "iasl_uwb"),
    ];
    for run in ["los_a1", "los_b3", "nlos_a1", "nlos_b3"] {
        cases.push(case(&format!("hanyang_uwb {run}"), "hanyang_uwb").run(run));
    }
    cases.push(case("crazyflie_tdoa", "crazyflie_tdoa"));
    cases.push(case("comma2k19", "comma2k19"));
    let mut outage = case("comma2k19, last 30 s without satellites", "comma2k19");
    outage.options.without_gnss_s = Some(30.0);
    cases.push(outage);
    cases.push(case("victoria_park, 60 s outages", "victoria_park"));
    cases.push(case("kitti_imu_gps, 30 s outages", "kitti_imu_gps"));
    for trial in [10, 30] {
        let mut broad = case(&format!("broad {trial}"), "broad");
        broad.options.trial = Some(trial);
        cases.push(broad);
    }
    for run in [
        "rectangular_with_rotation",
        "rectangular_without_rotation",
        "straight_05",
    ] {
        cases.push(case(&format!("ble_tetam {run}"), "ble_tetam").run(run));
    }
    for run in ["1", "2", "3"] {
        cases.push(case(&format!("wifibot {run}"), "wifibot").run(run));
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
