//! Path loss of radio beacons from signal strengths along a known way.
//!
//! ```text
//! rssi = P_i − 10 n log₁₀(d / 1 m) + e,    ∂/∂P_i = 1,   ∂/∂n = −10 log₁₀ d
//! ```
//! `P_i` is the power at 1 m of each beacon; the exponent `n` is one for all, or one for each. The
//! errors `e` are shadowing for the most part, which lasts: their sigma comes from the residuals, and
//! the sigmas of the parameters from the spread of the parts of the drive, not from the number of
//! readings (`least_squares`). Wild readings are weighted down by a Student-t cost.
//!
//! Degenerate: a beacon that was heard from one distance only shows `P − 10 n log₁₀ d` and not both; the
//! exponent then comes from the others or from the prior, and the correlation says so. Below
//! [`NEAREST_M`] the model does not hold, and readings from there are left out.
//!
//! Rappaport, "Wireless Communications", 2002, ch. 4.9 (log-distance path loss, log-normal shadowing).
//!
//! ```
//! use wayfix_calibration::beacons::{Beacon, Heard, Options, calibrate_beacons};
//! let beacons = [Beacon { name: "door".to_owned(), power_dbm: -60.0, exponent: 2.0 }];
//! // Walked past at 1 to 20 m; the readings scatter by 2 dB.
//! let heard: Vec<Heard> = (0..400)
//!     .map(|k| {
//!         let distance_m = 1.0 + 19.0 * (0.05 * f64::from(k)).sin().abs();
//!         let scatter_db = if k % 2 == 0 { 2.0 } else { -2.0 };
//!         let rssi_dbm = -55.0 - 10.0 * 1.6 * distance_m.log10() + scatter_db;
//!         Heard { t_s: 0.1 * f64::from(k), beacon: 0, distance_m, rssi_dbm }
//!     })
//!     .collect();
//! let found = calibrate_beacons(&beacons, &heard, &Options::default())?;
//! assert!((found.powers[0].value + 55.0).abs() < 3.0 * found.powers[0].sigma);
//! assert!((found.exponents[0].value - 1.6).abs() < 3.0 * found.exponents[0].sigma);
//! assert!((found.sigma_db.value - 2.0).abs() < 0.1);
//! # Ok::<(), wayfix_calibration::beacons::BeaconsError>(())
//! ```

mod shadow;

use thiserror::Error;

use crate::least_squares::{
    Options as Search, Residual, Robust, Rows, Settling, Solution, SolveError, Unknown, solve,
};
use crate::parameter::{Observed, Parameter};
use crate::spread::spread;
pub use shadow::{Shadow, shadow};

/// Readings from nearer than this are left out \[m\].
pub const NEAREST_M: f64 = 0.2;
/// Least readings.
const NEEDED: usize = 50;
/// Prior sigmas: of a power \[dB\], of an exponent that all share, and of one beacon's own.
const POWER_PRIOR_DB: f64 = 20.0;
const EXPONENT_PRIOR: f64 = 2.0;
const OWN_EXPONENT_PRIOR: f64 = 1.0;
/// Parts of the drive; errors last within one.
const PARTS: usize = 16;
/// With this sigma the search begins, and none below the least is believed \[dB\].
const FIRST_SIGMA_DB: f64 = 6.0;
const LEAST_SIGMA_DB: f64 = 0.05;
/// The sigma is found when it changes by less than this share, or after so many rounds.
const SETTLING: Settling = Settling {
    share: 0.005,
    rounds: 20,
};
const FREEDOM: f64 = 4.0;

/// A beacon as it is believed to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Beacon {
    /// What it is called.
    pub name: String,
    /// Received power at 1 m \[dBm\].
    pub power_dbm: f64,
    /// Path-loss exponent.
    pub exponent: f64,
}

/// A reading of a beacon from a known place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// When \[s\].
    pub t_s: f64,
    /// Which, by its place in the list.
    pub beacon: usize,
    /// From how far \[m\].
    pub distance_m: f64,
    /// Received power \[dBm\].
    pub rssi_dbm: f64,
}

/// How the fit works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// An exponent for each beacon, and not one for all.
    pub own_exponents: bool,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Power at 1 m of each beacon \[dBm\].
    pub powers: Vec<Parameter>,
    /// The exponent of all, or one for each.
    pub exponents: Vec<Parameter>,
    /// Standard deviation of a reading \[dB\], wild ones apart.
    pub sigma_db: Parameter,
    /// Share of wild readings.
    pub wild_share: f64,
    /// The two that the drive tells apart least.
    pub correlation: (f64, String, String),
    /// Readings of each beacon, and the root mean square of their errors as guessed and as found \[dB\].
    pub fits: Vec<BeaconFit>,
    /// Error of the second half of the readings by the first \[dB\], where both hear enough.
    pub second_half_db: Option<f64>,
    /// All residuals \[dB\]; the series is the beacon.
    pub residuals: Vec<Residual>,
}

/// How well one beacon fits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BeaconFit {
    /// Readings used.
    pub readings: usize,
    /// Root mean square error as guessed \[dB\].
    pub before_db: f64,
    /// The same as found \[dB\].
    pub after_db: f64,
}

/// Why there is no calibration.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BeaconsError {
    /// Too few readings.
    #[error("{readings} readings of known beacons from known places, at least {needed} are needed")]
    TooFew {
        /// That could be used.
        readings: usize,
        /// Needed.
        needed: usize,
    },
    /// A reading that is not one.
    #[error("reading {row} has a beacon, distance or power that cannot be")]
    Invalid {
        /// Counted from 0.
        row: usize,
    },
    /// The search did not end.
    #[error("the fit of the path loss: {0}")]
    Solve(#[from] SolveError),
}

/// Finds the beacons' powers and exponents; readings are in the order of time, drive by drive.
///
/// # Errors
/// Too few readings, or some that cannot be.
pub fn calibrate_beacons(
    beacons: &[Beacon],
    heard: &[Heard],
    options: &Options,
) -> Result<Found, BeaconsError> {
    let is_wrong = |h: &Heard| {
        !(h.distance_m.is_finite() && h.rssi_dbm.is_finite() && h.beacon < beacons.len())
    };
    if let Some(row) = heard.iter().position(is_wrong) {
        return Err(BeaconsError::Invalid { row });
    }
    let far = heard.iter().filter(|h| h.distance_m >= NEAREST_M);
    let heard: Vec<Heard> = far.copied().collect();
    let model = Model {
        beacons,
        is_own: options.own_exponents,
    };
    let (solution, sigma_db) = model.fit(&heard)?;
    let x = solution.x();
    let second_half_db = (heard.len() >= 2 * NEEDED)
        .then(|| {
            let (first, second) = heard.split_at(heard.len() / 2);
            let x = model.fit(first).ok()?.0.x();
            let errors = second.iter().map(|h| model.error_db(&x, h));
            Some(spread(errors).0)
        })
        .flatten();
    let guess: Vec<f64> = model.unknowns().iter().map(|u| u.guess).collect();
    let fit = |beacon: usize| {
        let own: Vec<&Heard> = heard.iter().filter(|h| h.beacon == beacon).collect();
        let rms = |x: &[f64]| {
            let squares = own.iter().map(|h| model.error_db(x, h).powi(2));
            (squares.sum::<f64>() / own.len().max(1) as f64).sqrt()
        };
        BeaconFit {
            readings: own.len(),
            before_db: rms(&guess),
            after_db: rms(&x),
        }
    };
    let errors = solution.residuals.iter().map(|r| r.value);
    let wild_share = spread(errors.clone()).1;
    let (powers, exponents) = solution.parameters.split_at(beacons.len());
    Ok(Found {
        powers: powers.to_vec(),
        exponents: exponents.to_vec(),
        sigma_db: Parameter {
            name: "sigma_db".to_owned(),
            guess: FIRST_SIGMA_DB,
            value: sigma_db,
            sigma: sigma_of_sigma(&errors.collect::<Vec<_>>(), sigma_db),
            observed: Observed::Well,
        },
        wild_share,
        correlation: solution.correlation,
        fits: (0..beacons.len()).map(fit).collect(),
        second_half_db,
        residuals: solution.residuals,
    })
}

/// The spread of the parts' own sigmas, over the root of their number.
fn sigma_of_sigma(errors: &[f64], sigma_db: f64) -> f64 {
    let size = errors.len().div_ceil(PARTS);
    let parts = errors.chunks(size.max(1));
    let own: Vec<f64> = parts.map(|part| spread(part.iter().copied()).0).collect();
    let count = own.len() as f64;
    let squares = own.iter().map(|own| (own - sigma_db).powi(2)).sum::<f64>();
    (squares / (count * (count - 1.0).max(1.0)))
        .sqrt()
        .max(1e-3)
}

struct Model<'a> {
    beacons: &'a [Beacon],
    is_own: bool,
}

impl Model<'_> {
    fn unknowns(&self) -> Vec<Unknown> {
        let power =
            |b: &Beacon| Unknown::new(format!("power_dbm {}", b.name), b.power_dbm, POWER_PRIOR_DB);
        let mut unknowns: Vec<Unknown> = self.beacons.iter().map(power).collect();
        if self.is_own {
            unknowns.extend(self.beacons.iter().map(|b| {
                Unknown::new(
                    format!("exponent {}", b.name),
                    b.exponent,
                    OWN_EXPONENT_PRIOR,
                )
            }));
        } else {
            let sum: f64 = self.beacons.iter().map(|b| b.exponent).sum();
            let mean = sum / self.beacons.len().max(1) as f64;
            unknowns.push(Unknown::new("exponent", mean, EXPONENT_PRIOR));
        }
        unknowns
    }

    fn exponent(&self, beacon: usize) -> usize {
        self.beacons.len() + if self.is_own { beacon } else { 0 }
    }

    /// Prediction minus reading \[dB\].
    fn error_db(&self, x: &[f64], heard: &Heard) -> f64 {
        let loss_db = 10.0 * x[self.exponent(heard.beacon)] * heard.distance_m.log10();
        x[heard.beacon] - loss_db - heard.rssi_dbm
    }

    fn put(&self, x: &[f64], heard: &[Heard], sigma_db: f64, rows: &mut Rows) {
        for (k, h) in heard.iter().enumerate() {
            rows.at(h.t_s);
            rows.of(h.beacon);
            rows.part(k * PARTS / heard.len());
            let slope = -10.0 * h.distance_m.log10();
            let derivatives = [(h.beacon, 1.0), (self.exponent(h.beacon), slope)];
            rows.push(self.error_db(x, h), sigma_db, &derivatives);
        }
    }

    /// The fit, and the sigma of a reading that fits it \[dB\].
    fn fit(&self, heard: &[Heard]) -> Result<(Solution, f64), BeaconsError> {
        if heard.len() < NEEDED {
            return Err(BeaconsError::TooFew {
                readings: heard.len(),
                needed: NEEDED,
            });
        }
        let unknowns = self.unknowns();
        let options = Search {
            robust: Robust::StudentT { freedom: FREEDOM },
            ..Search::default()
        };
        let fit = |[sigma_db]: &[f64; 1]| {
            solve(&unknowns, &options, |x, rows| {
                self.put(x, heard, *sigma_db, rows);
            })
        };
        let measured = |found: &Solution, _: &[f64; 1]| {
            let errors = found.residuals.iter().map(|r| r.value);
            [spread(errors).0.max(LEAST_SIGMA_DB)]
        };
        let (found, [sigma_db]) = SETTLING.settle([FIRST_SIGMA_DB], fit, measured)?;
        Ok((found, sigma_db))
    }
}

#[cfg(test)]
mod tests;
