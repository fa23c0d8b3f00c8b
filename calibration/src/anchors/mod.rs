//! Places and biases of radio anchors, and the scale of all ranges, from ranges along a drive.
//!
//! ```text
//! r = σ |p_ns(t − τ) − p_na| + b_a + e
//! ∂r/∂p_na = −σ u   ∂r/∂p_ns = σ u   ∂r/∂σ = |p_ns − p_na|   ∂r/∂b_a = 1,   u = (p_ns − p_na)/|p_ns − p_na|
//! ```
//! The way of the tag ([`Way`]) is known, or comes from odometry and the ranges together. Horizontal
//! ranges leave the heights out. Errors that are wild cost little (Student-t); the sigma of a range comes
//! from the residuals.
//!
//! **One gauge.** A larger scale of the ranges, a larger scale of the odometry and anchors farther apart
//! are the same drive but for a factor, and a bias common to all ranges is nearly one more of them where
//! distances differ little. Anchors that are known fix it; else the prior of the odometry's scale does,
//! and sigmas say no more than that prior.
//!
//! Degenerate: the tag at the anchor has no direction `u`, and that range is left out. A straight way shows
//! an anchor and its mirror image alike ([`Found::mirrored`]); a level way does so for its height, where
//! the side of the guess is kept.

mod found;
mod grown;
mod initial;

use nalgebra::Vector3;
use thiserror::Error;

use crate::drive::{RangeRow, Sensor, Way};
use crate::least_squares::{Residual, Rows, Settling, Solution, SolveError, Unknown, solve};
use crate::parameter::Parameter;
use crate::spread::spread;
pub use initial::{Located, locate};

/// Least ranges in all, and of an anchor that counts.
const NEEDED: usize = 50;
const NEEDED_OF_ANCHOR: usize = 20;
/// Prior sigmas: of the scale, and of the bias of an anchor whose place is known \[m\].
const SCALE_PRIOR: f64 = 0.2;
const BIAS_PRIOR_M: f64 = 1.0;
/// With this sigma the search begins, and none below the least is believed \[m\].
const FIRST_SIGMA_M: f64 = 0.5;
const LEAST_SIGMA_M: f64 = 1e-3;
/// The sigma is found when it changes by less than this share, or after so many rounds.
const SETTLING: Settling = Settling {
    share: 0.01,
    rounds: 12,
};

/// An anchor as it is believed to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// What it is called.
    pub name: String,
    /// Place \[m\]; `None`: nothing is known of it.
    pub p_na: Option<Vector3<f64>>,
    /// Whether its place is sought; else it is taken as exact.
    pub is_sought: bool,
    /// Known excess of its ranges \[m\].
    pub bias_m: f64,
}

/// A range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranged {
    /// When \[s\].
    pub t_s: f64,
    /// To which anchor, by its place in the list.
    pub anchor: usize,
    /// As measured, what is known of its excess taken off \[m\].
    pub range_m: f64,
}

/// A position of the vehicle's sensor along a drive by odometry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// When \[s\].
    pub t_s: f64,
    /// x and y in the site frame \[m\].
    pub xy_m: [f64; 2],
    /// Sigma of each \[m\].
    pub sigma_m: f64,
    /// Lever arm of the sensor \[m\].
    pub lever: Vector3<f64>,
}

/// What is known beside the ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Lever arm of the tag \[m\].
    pub lever: Vector3<f64>,
    /// Scale as it is believed to be: measured = scale · true.
    pub scale: f64,
    /// Ranges are horizontal distances.
    pub horizontal: bool,
    /// Prior sigma of the bias of an anchor whose place is sought \[m\].
    pub sought_bias_prior_m: f64,
    /// Positions of the vehicle, which fix the frame of a drive by odometry.
    pub fixes: Vec<Fix>,
    /// Nothing says where a drive by odometry went: it is taken up bit by bit.
    pub is_unplaced: bool,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Common scale.
    pub scale: Parameter,
    /// Bias of each anchor \[m\].
    pub biases: Vec<Parameter>,
    /// Mean bias of all anchors, which is what the tag's own antenna delay shows as \[m\].
    pub common_bias_m: Parameter,
    /// Places \[m\]: x, y and, where it is sought, z; empty for an anchor that is not sought.
    pub places: Vec<Vec<Parameter>>,
    /// The other place that fits as well, of anchors that have one.
    pub mirrored: Vec<Option<Vector3<f64>>>,
    /// Scale, turn scale, turn bias \[rad/s\] and curvature of straight ahead \[rad/m\] of the odometry, where
    /// the way is sought.
    pub odometry: Vec<Parameter>,
    /// Standard deviation of a range \[m\], wild ones apart.
    pub sigma_m: f64,
    /// Share of wild ranges.
    pub wild_share: f64,
    /// The two that the drive tells apart least.
    pub correlation: (f64, String, String),
    /// Ranges of each anchor, and root mean square of their errors as guessed and as found \[m\].
    pub fits: Vec<Fit>,
    /// Errors of the ranges \[m\]; the series is the anchor.
    pub residuals: Vec<Residual>,
    /// Sigmas of the distances between anchors that were sought \[m\], `(one, other, distance, sigma)`.
    pub distances: Vec<(usize, usize, f64, f64)>,
}

/// How well one anchor fits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// Ranges used.
    pub ranges: usize,
    /// Root mean square error as guessed along the same way \[m\]; not a number where nothing was.
    pub before_m: f64,
    /// The same as found \[m\].
    pub after_m: f64,
}

/// Why there is no calibration.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AnchorsError {
    /// Too few ranges.
    #[error("{ranges} ranges along the way, at least {needed} are needed")]
    TooFew {
        /// That could be used.
        ranges: usize,
        /// Needed.
        needed: usize,
    },
    /// An anchor that nothing places.
    #[error("nothing tells where {name} is: {ranges} ranges to it from too little of a way")]
    Nowhere {
        /// The anchor.
        name: String,
        /// Ranges to it.
        ranges: usize,
    },
    /// The search did not end.
    #[error("the fit of the anchors: {0}")]
    Solve(#[from] SolveError),
}

/// Finds places and biases of the anchors; ranges by time.
///
/// # Errors
/// Too few ranges, or anchors that they don't place.
pub fn calibrate_anchors(
    way: &Way,
    anchors: &[Anchor],
    ranges: &[Ranged],
    options: &Options,
) -> Result<Found, AnchorsError> {
    let mut problem = Problem::new(way.clone(), anchors.to_vec(), ranges, options)?;
    if let (Way::Driven(odometry), true) = (way, options.is_unplaced) {
        problem = grown::grown(odometry, problem)?;
    } else {
        problem.locate()?;
    }
    let (solution, sigma_m) = problem.fit()?;
    Ok(problem.found(&solution, sigma_m, anchors))
}

struct Problem<'a> {
    way: Way,
    anchors: Vec<Anchor>,
    mirrored: Vec<Option<Vector3<f64>>>,
    /// Not used yet.
    waits: Vec<bool>,
    ranges: Vec<Ranged>,
    options: &'a Options,
    reach_m: f64,
}

impl<'a> Problem<'a> {
    fn new(
        way: Way,
        anchors: Vec<Anchor>,
        ranges: &[Ranged],
        options: &'a Options,
    ) -> Result<Self, AnchorsError> {
        let guess: Vec<f64> = way.unknowns().iter().map(|u| u.guess).collect();
        let sensor = Sensor {
            lever: options.lever,
            ..Sensor::default()
        };
        let on_way = |r: &&Ranged| way.at(&guess, r.t_s, &sensor).is_some();
        let ranges: Vec<Ranged> = ranges.iter().filter(on_way).copied().collect();
        if ranges.len() < NEEDED {
            return Err(AnchorsError::TooFew {
                ranges: ranges.len(),
                needed: NEEDED,
            });
        }
        let mut sizes: Vec<f64> = ranges.iter().map(|r| r.range_m).collect();
        sizes.sort_by(f64::total_cmp);
        Ok(Self {
            way,
            mirrored: vec![None; anchors.len()],
            waits: vec![false; anchors.len()],
            anchors,
            reach_m: sizes[sizes.len() * 98 / 100].max(1.0),
            ranges,
            options,
        })
    }

    /// Guesses for the anchors of which nothing is known.
    fn locate(&mut self) -> Result<(), AnchorsError> {
        self.locate_some();
        let lost = (0..self.anchors.len()).find(|k| self.waits[*k]);
        match lost {
            None => Ok(()),
            Some(k) => Err(AnchorsError::Nowhere {
                name: self.anchors[k].name.clone(),
                ranges: self.ranges.iter().filter(|r| r.anchor == k).count(),
            }),
        }
    }

    /// The same, the rest has to wait; how many are placed.
    fn locate_some(&mut self) -> usize {
        let guess: Vec<f64> = self.way.unknowns().iter().map(|u| u.guess).collect();
        let sensor = Sensor {
            lever: self.options.lever,
            ..Sensor::default()
        };
        for k in 0..self.anchors.len() {
            let own = self.ranges.iter().filter(|r| r.anchor == k);
            let heard: Vec<(Vector3<f64>, f64)> = own
                .filter_map(|r| {
                    let from = self.way.at(&guess, r.t_s, &sensor)?.p;
                    let range_m = (r.range_m - self.anchors[k].bias_m) / self.options.scale;
                    Some((from, range_m))
                })
                .collect();
            let is_known = self.anchors[k].p_na.is_some();
            if heard.len() < NEEDED_OF_ANCHOR {
                self.waits[k] = !is_known;
                continue;
            }
            if !self.anchors[k].is_sought {
                continue;
            }
            let near = self.anchors[k].p_na;
            match locate(&heard, self.options.horizontal, near) {
                Some(located) => {
                    self.anchors[k].p_na.get_or_insert(located.p_na);
                    self.mirrored[k] = located.mirrored;
                }
                None => self.waits[k] = !is_known,
            }
        }
        self.waits.iter().filter(|waits| !**waits).count()
    }

    /// Places of the unknowns: scale, biases, places.
    fn places(&self) -> (usize, Vec<Option<usize>>, usize) {
        let scale = self.way.unknowns().len();
        let mut next = scale + 1 + self.anchors.len();
        let size = if self.options.horizontal { 2 } else { 3 };
        let places = self.anchors.iter().zip(&self.waits).map(|(anchor, waits)| {
            let is_sought = anchor.is_sought && !waits;
            let place = is_sought.then_some(next);
            next += if is_sought { size } else { 0 };
            place
        });
        let places = places.collect();
        (scale, places, next)
    }

    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = self.way.unknowns();
        unknowns.push(Unknown::new("range scale", self.options.scale, SCALE_PRIOR));
        for anchor in &self.anchors {
            let prior_m = if anchor.is_sought {
                self.options.sought_bias_prior_m
            } else {
                BIAS_PRIOR_M
            };
            let name = format!("bias of {} [m]", anchor.name);
            unknowns.push(Unknown::new(name, anchor.bias_m, prior_m));
        }
        let axes = if self.options.horizontal { 2 } else { 3 };
        for (anchor, waits) in self.anchors.iter().zip(&self.waits) {
            if let (Some(p), true, false) = (anchor.p_na, anchor.is_sought, *waits) {
                unknowns.extend((0..axes).map(|k| {
                    let name = format!("{} of {} [m]", ["x", "y", "z"][k], anchor.name);
                    Unknown::new(name, p[k], self.reach_m)
                }));
            }
        }
        unknowns
    }

    fn put(&self, x: &[f64], sigma_m: f64, rows: &mut Rows) {
        let (scale, places, _) = self.places();
        self.way.put(x, rows);
        let sensor = Sensor {
            lever: self.options.lever,
            ..Sensor::default()
        };
        for r in &self.ranges {
            if self.waits[r.anchor] {
                continue;
            }
            let Some(placed) = self.way.at(x, r.t_s, &sensor) else {
                continue;
            };
            let mut p_na = self.anchors[r.anchor].p_na.unwrap_or_default();
            if let Some(at) = places[r.anchor] {
                let size = if self.options.horizontal { 2 } else { 3 };
                (0..size).for_each(|k| p_na[k] = x[at + k]);
            }
            rows.at(r.t_s);
            rows.of(r.anchor);
            rows.part(self.way.part(r.t_s));
            let unknowns = [scale, scale + 1 + r.anchor];
            let ranged = placed.range(x, &p_na, self.options.horizontal, unknowns);
            let Some(RangeRow {
                range_m,
                mut by,
                by_place,
            }) = ranged
            else {
                rows.push(0.0, f64::INFINITY, &[]);
                continue;
            };
            if let Some(at) = places[r.anchor] {
                let size = if self.options.horizontal { 2 } else { 3 };
                by.extend((0..size).map(|k| (at + k, -by_place[k])));
            }
            rows.push(range_m - r.range_m, sigma_m, &by);
        }
        rows.of(usize::MAX);
        for fix in &self.options.fixes {
            let sensor = Sensor {
                lever: fix.lever,
                ..Sensor::default()
            };
            let Some(placed) = self.way.at(x, fix.t_s, &sensor) else {
                continue;
            };
            let residual = [placed.p.x - fix.xy_m[0], placed.p.y - fix.xy_m[1]];
            let by: Vec<(usize, [f64; 2])> =
                placed.by.iter().map(|(of, p)| (*of, [p.x, p.y])).collect();
            rows.at(fix.t_s);
            rows.part(self.way.part(fix.t_s));
            rows.push_block(residual, [fix.sigma_m; 2], &by);
        }
    }

    /// The fit, and the sigma of a range that fits it \[m\].
    fn fit(&self) -> Result<(Solution, f64), AnchorsError> {
        let mut unknowns = self.unknowns();
        let options = self.way.search();
        let fit = |[sigma_m]: &[f64; 1]| -> Result<Solution, SolveError> {
            let found = solve(&unknowns, &options, |x, rows| self.put(x, *sigma_m, rows))?;
            found.hand_on(&mut unknowns);
            Ok(found)
        };
        let measured = |found: &Solution, _: &[f64; 1]| {
            let of_ranges = found.residuals.iter().filter(|r| r.series != usize::MAX);
            [spread(of_ranges.map(|r| r.value)).0.max(LEAST_SIGMA_M)]
        };
        let (found, [sigma_m]) = SETTLING.settle([FIRST_SIGMA_M], fit, measured)?;
        Ok((found, sigma_m))
    }

    /// Keeps what was found as the next guess.
    fn take(&self, found: &Solution, anchors: &mut [Anchor]) {
        let (_, places, _) = self.places();
        let x = found.x();
        for (k, place) in places.iter().enumerate() {
            if let (Some(at), None) = (place, self.mirrored[k]) {
                let size = if self.options.horizontal { 2 } else { 3 };
                let mut p = self.anchors[k].p_na.unwrap_or_default();
                (0..size).for_each(|c| p[c] = x[at + c]);
                anchors[k].p_na = Some(p);
            }
        }
    }
}

#[cfg(test)]
mod tests;
