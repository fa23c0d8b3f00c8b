//! Whether what a calibration finds lies within its own sigmas, for the tests of this crate.

use crate::parameter::{Observed, Parameter};

/// Errors in sigmas, each of a parameter that was shown.
#[derive(Default)]
pub struct Errors(pub Vec<f64>);

impl Errors {
    pub fn add(&mut self, parameter: &Parameter, truth: f64) {
        assert_ne!(parameter.observed, Observed::No, "{parameter:?}");
        let error = (parameter.value - truth) / parameter.sigma;
        self.0.push(error);
    }

    pub fn check(&self, name: &str) {
        let mean = self.0.iter().map(|e| e * e).sum::<f64>() / self.0.len() as f64;
        let worst = self.0.iter().fold(0.0_f64, |w, e| w.max(e.abs()));
        println!(
            "{name}: mean square {mean:.2}, worst {worst:.2} of {}",
            self.0.len()
        );
        assert!(
            (0.2..2.2).contains(&mean) && worst < 4.5,
            "{name}: {mean} {worst}"
        );
    }
}
