//! A quantity over many independent runs that is chi-square distributed where the filter is consistent.
//!
//! Method: Bar-Shalom, Li, Kirubarajan 2001, section 5.4.2. NEES and NIS of one run are correlated in
//! time, so nothing is averaged over time: at each epoch the mean over N independent runs is formed,
//! and under the hypothesis of a consistent filter N·mean is chi-square distributed with N·n degrees
//! of freedom (n components). A quantity passes where at least 80 % of its epochs lie within the
//! two-sided 95 % band. Epochs are 2 s apart, so they are not quite independent of one another:
//! that is why 80 and not 90.

use std::collections::BTreeMap;

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Least share of the epochs that lie in the band.
const LEAST_SHARE: f64 = 0.8;

/// Values of one quantity: components, and by epoch one value a run.
#[derive(Default)]
pub struct Quantity {
    pub components: usize,
    pub epochs: BTreeMap<i64, Vec<f64>>,
}

impl Quantity {
    pub fn add(&mut self, epoch_s: i64, value: f64, components: usize) {
        self.components = components;
        self.epochs.entry(epoch_s).or_default().push(value);
    }

    /// Share of the epochs whose mean over the runs lies within the band.
    pub fn share_in_band(&self) -> f64 {
        let is_in = |values: &&Vec<f64>| {
            let freedom = (values.len() * self.components) as f64;
            let chi_squared = ChiSquared::new(freedom).unwrap();
            let band = chi_squared.inverse_cdf(0.025)..chi_squared.inverse_cdf(0.975);
            band.contains(&values.iter().sum::<f64>())
        };
        self.epochs.values().filter(is_in).count() as f64 / self.epochs.len() as f64
    }

    /// For people: by epoch, the mean over its expectation.
    pub fn ratios(&self) -> Vec<String> {
        let ratio = |values: &Vec<f64>| {
            values.iter().sum::<f64>() / (values.len() * self.components) as f64
        };
        let row = |(t, values): (&i64, &Vec<f64>)| format!("{t} s: {:.2}", ratio(values));
        self.epochs.iter().map(row).collect()
    }
}

/// Asserts that exactly these quantities are there, and that each is consistent.
pub fn assert_consistent(quantities: &BTreeMap<String, Quantity>, expected: &[&str]) {
    let names: Vec<&str> = quantities.keys().map(String::as_str).collect();
    assert_eq!(names, expected);
    let mut inconsistent = Vec::new();
    for (name, quantity) in quantities {
        let fewest = quantity.epochs.values().map(Vec::len).min().unwrap();
        assert!(quantity.epochs.len() >= 20 && fewest >= 50, "{name}");
        let share = quantity.share_in_band();
        if share < LEAST_SHARE {
            inconsistent.push(format!(
                "{name}: {share:.2} in band {:?}",
                quantity.ratios()
            ));
        }
    }
    assert!(inconsistent.is_empty(), "{inconsistent:#?}");
}
