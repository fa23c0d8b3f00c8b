//! Protection level against the error that it bounds: what a Stanford diagram counts.

use super::Distribution;

/// Where an epoch lies in the diagram, as its regions are named (Tossaint et al. 2007, for the
/// Stanford–ESA form).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// The error is below the level, the level below the alert limit.
    Nominal,
    /// The level is above the alert limit, the error below the level: no use, no harm.
    Unavailable,
    /// The error is above the level; both on the same side of the alert limit.
    Misleading,
    /// The error is above the alert limit, the level below it: nobody is warned.
    Hazardous,
}

impl Region {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Nominal,
        Self::Unavailable,
        Self::Misleading,
        Self::Hazardous,
    ];

    /// Of an epoch.
    ///
    /// ```
    /// use wayfix::evaluate::Region;
    /// assert_eq!(Region::of(0.2, 0.5, Some(1.0)), Region::Nominal);
    /// assert_eq!(Region::of(0.2, 1.5, Some(1.0)), Region::Unavailable);
    /// assert_eq!(Region::of(0.7, 0.5, Some(1.0)), Region::Misleading);
    /// assert_eq!(Region::of(1.2, 0.5, Some(1.0)), Region::Hazardous);
    /// ```
    #[must_use]
    pub fn of(error_m: f64, level_m: f64, alert_m: Option<f64>) -> Self {
        let alert_m = alert_m.unwrap_or(f64::INFINITY);
        match (error_m > level_m, error_m > alert_m, level_m > alert_m) {
            (true, true, false) => Self::Hazardous,
            (true, ..) => Self::Misleading,
            (false, _, true) => Self::Unavailable,
            (false, _, false) => Self::Nominal,
        }
    }
}

/// One direction's level and error over a whole run.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Protection level \[m\].
    pub level_m: Distribution,
    /// Magnitude of the error at the same epochs \[m\].
    pub error_m: Distribution,
    /// Epochs whose error was above the level.
    pub above: u64,
}

impl Levels {
    /// Takes one epoch; what is not finite is left out.
    pub fn add(&mut self, error_m: f64, level_m: f64) {
        if !error_m.is_finite() || !level_m.is_finite() {
            return;
        }
        self.level_m.add(level_m);
        self.error_m.add(error_m);
        self.above += u64::from(error_m.abs() > level_m);
    }

    /// Epochs.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.level_m.count()
    }

    /// Share of the epochs whose error was above the level; `None` without epochs, like all below.
    #[must_use]
    pub fn above_share(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.above as f64 / self.count() as f64)
    }

    /// How much larger the level is than it would have to be: its median over the 95th percentile of
    /// the error. 1.5 would do for a Rayleigh error and an exceedance of 10⁻³.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let p95_m = self.error_m.percentile(0.95)?;
        (p95_m > 0.0).then_some(self.level_m.percentile(0.5)? / p95_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_above_and_compares_the_middle_with_the_tail() {
        let mut levels = Levels::default();
        assert_eq!((levels.above_share(), levels.ratio()), (None, None));
        // Errors 0.01 to 1 m against a level of 0.9 m: ten of a hundred are above.
        (1..=100).for_each(|i| levels.add(-0.01 * f64::from(i), 0.9));
        levels.add(f64::NAN, 0.9);
        levels.add(0.1, f64::INFINITY);
        assert_eq!((levels.count(), levels.above), (100, 10));
        assert_eq!(levels.above_share(), Some(0.1));
        let ratio = levels.ratio().unwrap();
        assert!((ratio / (0.9 / 0.95) - 1.0).abs() < 0.012, "{ratio}");
    }

    #[test]
    fn without_an_alert_limit_an_epoch_is_nominal_or_misleading() {
        assert_eq!(Region::of(5.0, 9.0, None), Region::Nominal);
        assert_eq!(Region::of(9.0, 5.0, None), Region::Misleading);
        // A level above the alert limit that is still too small misleads, but somebody is warned.
        assert_eq!(Region::of(9.0, 5.0, Some(2.0)), Region::Misleading);
    }
}
