//! What every calibration gives: a parameter, how well it is known, and whether the drive showed it.

/// Whether the drive could show a parameter, by the information in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It leaves less than a tenth of the prior's sigma.
    Well,
    /// It leaves less than half of the prior's sigma.
    Weakly,
    /// It does not, or contradicts itself: the value is the guess.
    No,
}

impl Observed {
    /// By what is left of the prior's sigma; not a number counts as not shown.
    #[must_use]
    pub fn by_share(share: f64) -> Self {
        match share {
            share if share < 0.1 => Self::Well,
            share if share < 0.5 => Self::Weakly,
            _ => Self::No,
        }
    }
}

/// A parameter of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name with its unit.
    pub name: String,
    /// As it was guessed.
    pub guess: f64,
    /// Value.
    pub value: f64,
    /// Standard deviation.
    pub sigma: f64,
    /// What the drive showed of it.
    pub observed: Observed,
}

impl Parameter {
    /// The same against what is believed, where the search began elsewhere: what the drive did not show
    /// is as believed.
    #[must_use]
    pub fn against(self, believed: f64) -> Self {
        Self {
            guess: believed,
            value: match self.observed {
                Observed::No => believed,
                _ => self.value,
            },
            ..self
        }
    }
}
