//! Rows and guess of each kind of drive, and the fit on them.

use wayfix_calibration::Parameter;
use wayfix_calibration::least_squares::Residual;
use wayfix_calibration::wheels::{
    Calibration, DifferentialDrive, DifferentialTicks, Fit, Options, ReferencePose, TricycleDrive,
    TricycleTicks, TwistDrive, TwistRow, WheelsError, calibrate_differential, calibrate_tricycle,
    calibrate_twist,
};
use wayfix_filter::Timestamp;

/// Rows and guess of one kind of drive.
pub(super) enum Prepared {
    Steered(Vec<TricycleTicks>, TricycleDrive),
    Differential(Vec<DifferentialTicks>, DifferentialDrive),
    Computed(Vec<TwistRow>, TwistDrive),
}

/// What a fit found, whatever the drive.
#[derive(Clone)]
pub(super) struct Fitted {
    pub parameters: Vec<Parameter>,
    pub correlation: (f64, String, String),
    pub fit: Fit,
    pub residuals: Vec<Residual>,
    model: Model,
}

#[derive(Clone)]
enum Model {
    Steered(TricycleDrive),
    Differential(DifferentialDrive),
    Computed(TwistDrive),
}

impl Prepared {
    /// First and last row.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Steered(rows, _) => Some((rows.first()?.t, rows.last()?.t)),
            Self::Differential(rows, _) => Some((rows.first()?.t, rows.last()?.t)),
            Self::Computed(rows, _) => Some((rows.first()?.t, rows.last()?.t)),
        }
    }

    /// The rows of a time, its end included.
    pub fn within(&self, from: Timestamp, until: Timestamp) -> Self {
        let is_in = |t: Timestamp| from <= t && t <= until;
        match self {
            Self::Steered(rows, guess) => Self::Steered(
                rows.iter().filter(|row| is_in(row.t)).copied().collect(),
                *guess,
            ),
            Self::Differential(rows, guess) => Self::Differential(
                rows.iter().filter(|row| is_in(row.t)).copied().collect(),
                *guess,
            ),
            Self::Computed(rows, guess) => Self::Computed(
                rows.iter().filter(|row| is_in(row.t)).copied().collect(),
                *guess,
            ),
        }
    }

    /// Same ways.
    pub fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Steered(a, _), Self::Steered(b, _)) => a == b,
            (Self::Differential(a, _), Self::Differential(b, _)) => a == b,
            _ => false,
        }
    }

    pub fn fit(
        &self,
        reference: &[ReferencePose],
        options: &Options,
    ) -> Result<Fitted, WheelsError> {
        fn fitted<M>(found: Calibration<M>, model: impl Fn(M) -> Model) -> Fitted {
            Fitted {
                parameters: found.parameters,
                correlation: found.correlation,
                fit: found.fit,
                residuals: found.residuals,
                model: model(found.model),
            }
        }
        match self {
            Self::Steered(rows, guess) => calibrate_tricycle(rows, reference, guess, options)
                .map(|found| fitted(found, Model::Steered)),
            Self::Differential(rows, guess) => {
                calibrate_differential(rows, reference, guess, options)
                    .map(|found| fitted(found, Model::Differential))
            }
            Self::Computed(rows, guess) => calibrate_twist(rows, reference, guess, options)
                .map(|found| fitted(found, Model::Computed)),
        }
    }

    /// How well the guess follows these rows.
    pub fn as_stated(
        &self,
        reference: &[ReferencePose],
        options: &Options,
    ) -> Result<Fit, WheelsError> {
        match self {
            Self::Steered(rows, guess) => guess.evaluate(rows, reference, options),
            Self::Differential(rows, guess) => guess.evaluate(rows, reference, options),
            Self::Computed(rows, guess) => guess.evaluate(rows, reference, options),
        }
    }

    /// How well another fit's model follows these rows.
    pub fn evaluate(
        &self,
        with: &Fitted,
        reference: &[ReferencePose],
        options: &Options,
    ) -> Result<Fit, WheelsError> {
        match (self, &with.model) {
            (Self::Steered(rows, _), Model::Steered(model)) => {
                model.evaluate(rows, reference, options)
            }
            (Self::Differential(rows, _), Model::Differential(model)) => {
                model.evaluate(rows, reference, options)
            }
            (Self::Computed(rows, _), Model::Computed(model)) => {
                model.evaluate(rows, reference, options)
            }
            _ => Err(WheelsError::Diverged("not of this drive".to_owned())),
        }
    }
}
