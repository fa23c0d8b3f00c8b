//! Simulated drives whose parameters are known, and what is found of them.

use wayfix::calibrate::{Report, Verdict};
use wayfix::log::Record;
use wayfix::sim::{Simulation, scenario, simulate};

/// A scenario played to its end.
pub fn simulated(name: &str, seed: u64) -> Simulation {
    simulate(scenario::find(name).unwrap(), seed, None).unwrap()
}

/// Its log, with the truth.
pub fn records(drive: &Simulation) -> Vec<Record> {
    let truth = drive.truth.iter().copied().map(Record::Truth);
    drive.samples().map(Record::Sample).chain(truth).collect()
}

/// Adds up errors in sigmas, each of which has to be shown and below four.
#[derive(Default)]
pub struct Errors {
    pub squares: f64,
    pub count: f64,
}

impl Errors {
    pub fn add(&mut self, report: &Report, key: &str, truth: f64) {
        let parameter = report
            .parameter(key)
            .unwrap_or_else(|| panic!("{key} is not sought"));
        let error = (parameter.value - truth) / parameter.sigma;
        println!(
            "{key}: {} ± {}, is {truth}: {error:.2}",
            parameter.value, parameter.sigma
        );
        assert_ne!(parameter.verdict, Verdict::NotShown, "{key}");
        assert!(error.abs() < 4.0, "{key}: {error} sigmas off");
        self.squares += error * error;
        self.count += 1.0;
    }

    pub fn mean(&self) -> f64 {
        self.squares / self.count
    }
}
