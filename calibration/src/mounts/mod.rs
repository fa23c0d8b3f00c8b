//! How late a source is, and where and how it sits, from a drive that another source knows.
//!
//! ```text
//! position   z = p_nb(t − τ) + R_nb(t − τ) l + o + e
//! velocity   z = ṗ_ns(t − τ_v) + e                      τ_v apart from τ: receivers filter them apart
//! heading    z = ψ(t − τ) + μ + e
//! range      z = σ |p_ns(t − τ) − p_na| + b_a + e
//! ```
//! with the lag τ, the lever arm l (x and y), the mounting yaw μ; the constant offset o of the source's
//! frame, the scale σ and the biases b of the anchors are fitted along and not reported. The search
//! begins at the lag at which the two sources agree best, of all within some seconds (`scan.rs`); from
//! there it is least squares on the interpolated way ([`Way`]), with a Student-t cost, sigmas from the
//! residuals, and the spread of the parts of the drive for errors that last.
//!
//! Degenerate: at one speed straight ahead a lag is an offset along the way, and a lever arm is one too.
//! Bends show the lever arm, changes of speed the lag; what a drive shows is in the sigmas.
//! For the turn of an inertial unit's axes see [`gyro`], for that of a camera's [`camera`].

pub mod camera;
pub mod gyro;
mod scan;

use nalgebra::Vector3;
use thiserror::Error;

use crate::drive::{Sensor, Way};
use crate::least_squares::{
    Residual, Rows, Settling, Solution, SolveError, Unknown, residuals, solve,
};
use crate::parameter::Parameter;
use crate::pose::wrap;
use crate::spread::spread;

/// Least readings.
const NEEDED: usize = 30;
/// Prior sigmas: of a lag around where it is believed or scanned to be \[s\], of a lever arm \[m\], a
/// mounting yaw \[rad\], a range scale, and a bias \[m\].
const LAG_PRIOR_S: f64 = 1.0;
const LEVER_PRIOR_M: f64 = 5.0;
const YAW_PRIOR_RAD: f64 = 1.0;
const SCALE_PRIOR: f64 = 0.1;
const BIAS_PRIOR_M: f64 = 1.0;
/// First sigmas of a position, a velocity, a heading and a range, and the least.
const FIRST: [f64; 4] = [1.0, 0.3, 0.1, 0.5];
const LEAST: f64 = 1e-3;
const SETTLING: Settling = Settling {
    share: 0.02,
    rounds: 10,
};

/// What a source says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// x and y of the sensor in the site frame \[m\].
    Position([f64; 2]),
    /// x and y of its velocity in the site frame \[m/s\].
    Velocity([f64; 2]),
    /// Heading of its x axis \[rad\].
    Heading(f64),
    /// Distance to an anchor, by its place in the list \[m\].
    Range(usize, f64),
}

/// A reading of the source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// As stamped \[s\].
    pub t_s: f64,
    /// What it says.
    pub seen: Seen,
}

/// How the source is believed to sit.
#[derive(Clone, Debug, PartialEq)]
pub struct Believed {
    /// Lag of all but velocities, and of those \[s\].
    pub lags_s: [f64; 2],
    /// Lever arm \[m\].
    pub lever: Vector3<f64>,
    /// Mounting yaw \[rad\].
    pub yaw_rad: f64,
    /// Prior sigma of a constant offset between the frames of the source and the way \[m\]; 0: none.
    pub offset_sigma_m: f64,
    /// Places of the anchors \[m\].
    pub anchors: Vec<Vector3<f64>>,
    /// Ranges are horizontal distances.
    pub horizontal: bool,
    /// Whether the lever arm is sought.
    pub seeks_lever: bool,
}

impl Default for Believed {
    fn default() -> Self {
        Self {
            lags_s: [0.0; 2],
            lever: Vector3::zeros(),
            yaw_rad: 0.0,
            offset_sigma_m: 0.0,
            anchors: Vec::new(),
            horizontal: false,
            seeks_lever: true,
        }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Lag of all but velocities \[s\].
    pub lag_s: Option<Parameter>,
    /// Lag of velocities \[s\].
    pub velocity_lag_s: Option<Parameter>,
    /// x and y of the lever arm \[m\].
    pub lever: Vec<Parameter>,
    /// Mounting yaw \[rad\].
    pub yaw_rad: Option<Parameter>,
    /// Sigmas of a position, a velocity, a heading, a range, where there are some.
    pub sigmas: [Option<f64>; 4],
    /// Root mean square of the errors of each as believed and as found, and their number.
    pub fits: [Option<(f64, f64, usize)>; 4],
    /// The two that the drive tells apart least.
    pub correlation: (f64, String, String),
    /// Errors; the series is 0 for positions, 1 velocities, 2 headings, 3 ranges.
    pub residuals: Vec<Residual>,
}

/// Why there is no calibration.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MountsError {
    /// Too few readings.
    #[error("{readings} readings along the way, at least {needed} are needed")]
    TooFew {
        /// That could be used.
        readings: usize,
        /// Needed.
        needed: usize,
    },
    /// The search did not end.
    #[error("the fit of the mount: {0}")]
    Solve(#[from] SolveError),
}

/// Finds lags and mount of a source; readings by time.
///
/// # Errors
/// Too few readings.
pub fn calibrate_mount(
    way: &Way,
    sights: &[Sight],
    believed: &Believed,
) -> Result<Found, MountsError> {
    let guess: Vec<f64> = way.unknowns().iter().map(|u| u.guess).collect();
    let on_way = |s: &&Sight| way.at(&guess, s.t_s, &Sensor::default()).is_some();
    let sights: Vec<Sight> = sights.iter().filter(on_way).copied().collect();
    if sights.len() < NEEDED {
        return Err(MountsError::TooFew {
            readings: sights.len(),
            needed: NEEDED,
        });
    }
    let mut problem = Problem::new(way, sights, believed);
    let as_believed = problem.rms(&problem.begin());
    // A way that is sought follows the source as it is stamped, so that it has no other lag to begin at.
    if let Way::Known(_) = way {
        for velocities in [false, true] {
            let lag_s = scan::lag(&problem, velocities);
            problem.begin[usize::from(velocities)] = lag_s;
        }
    }
    let (solution, sigmas) = problem.fit()?;
    Ok(problem.found(&solution, sigmas, &as_believed))
}

struct Problem<'a> {
    way: &'a Way,
    sights: Vec<Sight>,
    believed: &'a Believed,
    /// Lags at which the search begins \[s\].
    begin: [f64; 2],
    places: Places,
}

/// Which unknown is which.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    lags: [Option<usize>; 2],
    lever: Option<usize>,
    yaw: Option<usize>,
    offset: Option<usize>,
    scale: Option<usize>,
}

fn series(seen: &Seen) -> usize {
    match seen {
        Seen::Position(_) => 0,
        Seen::Velocity(_) => 1,
        Seen::Heading(_) => 2,
        Seen::Range(..) => 3,
    }
}

impl<'a> Problem<'a> {
    fn new(way: &'a Way, sights: Vec<Sight>, believed: &'a Believed) -> Self {
        let has = |kind: usize| sights.iter().any(|s| series(&s.seen) == kind);
        let mut next = way.unknowns().len();
        let mut place = |is_sought: bool, size: usize| {
            let at = is_sought.then_some(next);
            next += if is_sought { size } else { 0 };
            at
        };
        let places = Places {
            lags: [place(has(0) || has(2) || has(3), 1), place(has(1), 1)],
            lever: place(believed.seeks_lever && (has(0) || has(3)), 2),
            yaw: place(has(2), 1),
            offset: place(has(0) && believed.offset_sigma_m > 0.0, 2),
            scale: place(has(3), 1 + believed.anchors.len()),
        };
        Self {
            way,
            sights,
            begin: believed.lags_s,
            believed,
            places,
        }
    }

    fn unknowns(&self) -> Vec<Unknown> {
        let Places {
            lags,
            lever,
            yaw,
            offset,
            scale,
        } = self.places;
        let mut unknowns = self.way.unknowns();
        let of_lags = ["lag_s", "velocity lag_s"].into_iter().zip(lags);
        for ((name, place), begin) in of_lags.zip(self.begin) {
            unknowns.extend(place.map(|_| Unknown::new(name, begin, LAG_PRIOR_S)));
        }
        if lever.is_some() {
            for (k, name) in ["lever x_m", "lever y_m"].into_iter().enumerate() {
                let guess = self.believed.lever[k];
                unknowns.push(Unknown::new(name, guess, LEVER_PRIOR_M));
            }
        }
        let mounting = |_| Unknown::new("yaw_rad", self.believed.yaw_rad, YAW_PRIOR_RAD);
        unknowns.extend(yaw.map(mounting));
        if offset.is_some() {
            let sigma_m = self.believed.offset_sigma_m;
            unknowns.extend(["offset x_m", "offset y_m"].map(|n| Unknown::new(n, 0.0, sigma_m)));
        }
        if scale.is_some() {
            unknowns.push(Unknown::new("scale", 1.0, SCALE_PRIOR));
            let bias = |k| Unknown::new(format!("bias {k}"), 0.0, BIAS_PRIOR_M);
            unknowns.extend((0..self.believed.anchors.len()).map(bias));
        }
        unknowns
    }

    fn begin(&self) -> Vec<f64> {
        self.unknowns().iter().map(|u| u.guess).collect()
    }

    fn sensor(&self, x: &[f64], velocity: bool) -> Sensor {
        let lag_at = self.places.lags[usize::from(velocity)];
        let mut lever = self.believed.lever;
        if let Some(at) = self.places.lever {
            (lever.x, lever.y) = (x[at], x[at + 1]);
        }
        Sensor {
            lever,
            lag_s: lag_at.map_or(0.0, |at| x[at]),
            lever_at: self.places.lever,
            lag_at,
        }
    }

    fn put(&self, x: &[f64], sigmas: &[f64; 4], rows: &mut Rows) {
        self.way.put(x, rows);
        for sight in &self.sights {
            let kind = series(&sight.seen);
            rows.at(sight.t_s);
            rows.of(kind);
            rows.part(self.way.part(sight.t_s));
            // Rows stay in number, so that a lag moves none of them out of the sum.
            if self.sight(x, sight, sigmas[kind], rows).is_none() {
                rows.push(0.0, f64::INFINITY, &[]);
            }
        }
    }

    fn sight(&self, x: &[f64], sight: &Sight, sigma: f64, rows: &mut Rows) -> Option<()> {
        let sensor = self.sensor(x, matches!(sight.seen, Seen::Velocity(_)));
        match sight.seen {
            Seen::Position(xy_m) => {
                let placed = self.way.at(x, sight.t_s, &sensor)?;
                let mut p = placed.p;
                let mut by: Vec<(usize, [f64; 2])> =
                    placed.by.iter().map(|(of, d)| (*of, [d.x, d.y])).collect();
                if let Some(at) = self.places.offset {
                    (p.x, p.y) = (p.x + x[at], p.y + x[at + 1]);
                    by.extend([(at, [1.0, 0.0]), (at + 1, [0.0, 1.0])]);
                }
                rows.push_block([p.x - xy_m[0], p.y - xy_m[1]], [sigma; 2], &by);
            }
            Seen::Velocity(xy_mps) => {
                let v = self.way.velocity_at(x, sight.t_s, &sensor)?;
                let by: Vec<(usize, [f64; 2])> =
                    v.by.iter().map(|(of, d)| (*of, [d.x, d.y])).collect();
                rows.push_block([v.p.x - xy_mps[0], v.p.y - xy_mps[1]], [sigma; 2], &by);
            }
            Seen::Heading(yaw_rad) => {
                let (yaw, mut by) = self.way.yaw_at(x, sight.t_s, &sensor)?;
                let at = self.places.yaw?;
                by.push((at, 1.0));
                rows.push(wrap(yaw + x[at] - yaw_rad), sigma, &by);
            }
            Seen::Range(anchor, range_m) => {
                let placed = self.way.at(x, sight.t_s, &sensor)?;
                let scale = self.places.scale?;
                let p_na = self.believed.anchors.get(anchor)?;
                let unknowns = [scale, scale + 1 + anchor];
                let ranged = placed.range(x, p_na, self.believed.horizontal, unknowns)?;
                rows.push(ranged.range_m - range_m, sigma, &ranged.by);
            }
        }
        Some(())
    }

    /// The fit, and the sigmas that fit it.
    fn fit(&self) -> Result<(Solution, [f64; 4]), MountsError> {
        let mut unknowns = self.unknowns();
        let options = self.way.search();
        let fit = |sigmas: &[f64; 4]| -> Result<Solution, SolveError> {
            let found = solve(&unknowns, &options, |x, rows| self.put(x, sigmas, rows))?;
            found.hand_on(&mut unknowns);
            Ok(found)
        };
        let measured = |found: &Solution, sigmas: &[f64; 4]| {
            let now = self.sigmas(&found.residuals);
            std::array::from_fn(|kind| now[kind].unwrap_or(sigmas[kind]))
        };
        Ok(SETTLING.settle(FIRST, fit, measured)?)
    }

    fn sigmas(&self, residuals: &[Residual]) -> [Option<f64>; 4] {
        std::array::from_fn(|kind| {
            let own = used(residuals, kind);
            let any = own.clone().next().is_some();
            any.then(|| spread(own).0.max(LEAST))
        })
    }

    /// Root mean square errors of each kind at `x`, wild ones apart, and their number.
    fn rms(&self, x: &[f64]) -> [Option<(f64, usize)>; 4] {
        let residuals = residuals(x, |x, rows| self.put(x, &FIRST, rows));
        std::array::from_fn(|kind| {
            let own = used(&residuals, kind);
            let count = own.clone().count();
            (count > 0).then(|| (spread(own).0, count))
        })
    }

    fn found(
        &self,
        solution: &Solution,
        sigmas: [f64; 4],
        as_believed: &[Option<(f64, usize)>; 4],
    ) -> Found {
        let chain = self.way.chain().unknowns;
        let own = |at: usize| solution.parameters[at - chain].clone();
        let as_found = self.rms(&solution.x());
        // What was scanned is where the search began, not what was believed.
        let lag = |which: usize| {
            self.places.lags[which].map(|at| Parameter {
                guess: self.believed.lags_s[which],
                ..own(at)
            })
        };
        let is_of_ranges = |r: &&Residual| r.series < 4 && r.is_used();
        Found {
            lag_s: lag(0),
            velocity_lag_s: lag(1),
            lever: (self.places.lever).map_or_else(Vec::new, |at| vec![own(at), own(at + 1)]),
            yaw_rad: self.places.yaw.map(own),
            sigmas: std::array::from_fn(|kind| as_found[kind].map(|_| sigmas[kind])),
            fits: std::array::from_fn(|kind| {
                let (before, (after, count)) = (as_believed[kind]?.0, as_found[kind]?);
                Some((before, after, count))
            }),
            correlation: solution.correlation.clone(),
            residuals: (solution.residuals.iter().filter(is_of_ranges))
                .copied()
                .collect(),
        }
    }
}

/// Residuals of a kind that has rows.
fn used(residuals: &[Residual], kind: usize) -> impl Iterator<Item = f64> + Clone + '_ {
    let own = residuals
        .iter()
        .filter(move |r| r.series == kind && r.is_used());
    own.map(|r| r.value)
}

#[cfg(test)]
mod tests;
