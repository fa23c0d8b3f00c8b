//! Time lag, lever arm and axes of a camera, from markers and landmarks that stand at known places,
//! along a way with attitudes.
//!
//! ```text
//! w = R_nb(t − τ)ᵀ (p + s − p_nb(t − τ)),   d = R_bcᵀ (w − l),   R_bc = R₀ exp([θ]×)
//! uv = (f_u x/z + c_u, f_v y/z + c_v) + e,    d = (x, y, z)
//! ∂d/∂θ = [d]× J(θ)    ∂d/∂l = −R_bcᵀ    ∂d/∂τ = R_bcᵀ (ω × w + R_nbᵀ v)    ∂d/∂s = R_bcᵀ R_nbᵀ
//! ```
//! with the right Jacobian J of the rotation. p is a corner of a marker, or a landmark; its survey error s,
//! the same in every image, is fitted along under the survey's sigma, so that what all images have in
//! common is in the sigmas.
//!
//! The search begins at the lag at which the directions of what was seen agree best with those in the body,
//! whatever the camera's axes, where one is clearly better than the believed: pixels hang on the lag by
//! how fast the vehicle turns, so that from a second off a fit may end elsewhere. The axes begin as they
//! fit there (Kabsch 1976).
//!
//! Degenerate: at one speed straight ahead a lag is a lever arm along the way; far targets in a narrow
//! view hardly tell a lever arm from a turn. The sigmas say so.

use nalgebra::{Matrix3, UnitQuaternion, Vector2, Vector3};
use wayfix_filter::math;

use super::gyro::{BETTER, kabsch};
use super::{LAG_PRIOR_S, LEVER_PRIOR_M, MountsError, NEEDED};
use crate::drive::{PARTS, Track};
use crate::least_squares::{
    Options as Search, Residual, Robust, Rows, Settling, Solution, SolveError, Unknown, residuals,
    solve,
};
use crate::markers::{BEHIND_PX, Camera};
use crate::parameter::Parameter;
use crate::spread::{scatter, spread};

/// How far to look for the lag, and in what steps \[s\].
const REACH_S: f64 = 3.0;
const SCAN_S: f64 = 0.05;
/// Images that are looked at for it.
const LOOKED_AT: usize = 500;
/// Prior sigma of the turn \[rad\].
const TURN_PRIOR_RAD: f64 = 0.5;
/// A pixel's first sigma and its least \[px\].
const FIRST_PX: f64 = 30.0;
const LEAST_PX: f64 = 0.05;
const SETTLING: Settling = Settling {
    share: 0.02,
    rounds: 10,
};
const FREEDOM: f64 = 4.0;

/// A marker or landmark in an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Imaged {
    /// When, as stamped \[s\].
    pub t_s: f64,
    /// Which target, by its place in [`CameraBelieved::survey_sigmas_m`].
    pub target: usize,
    /// Corners of the marker, or the landmark: where each is in the site frame \[m\], and its pixel \[px\].
    pub points: Vec<(Vector3<f64>, Vector2<f64>)>,
}

/// How the camera is believed to sit.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraBelieved {
    /// Lag \[s\].
    pub lag_s: f64,
    /// Lever arm \[m\].
    pub lever: Vector3<f64>,
    /// The camera's axes in the body's.
    pub q_bc: UnitQuaternion<f64>,
    /// Whether the lever arm is sought.
    pub seeks_lever: bool,
    /// Sigma of each target's survey, along any axis \[m\].
    pub survey_sigmas_m: Vec<f64>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraFound {
    /// Lag \[s\].
    pub lag_s: Parameter,
    /// x, y, z of the lever arm \[m\], where it was sought.
    pub lever: Vec<Parameter>,
    /// The camera's axes in the body's.
    pub q_bc: UnitQuaternion<f64>,
    /// What is left of its turn, about the camera's own axes \[rad\]: zero by now, with its sigmas.
    pub turn: Vec<Parameter>,
    /// Images that were used.
    pub images: usize,
    /// Standard deviation of a pixel \[px\].
    pub sigma_px: f64,
    /// The same with the mount as believed.
    pub before_px: f64,
    /// The two of the mount that the drive tells apart least.
    pub correlation: (f64, String, String),
    /// Errors \[px\]; the series is 0 for columns, 1 for rows.
    pub residuals: Vec<Residual>,
}

/// Finds lag, lever arm and axes of a camera; images by time.
///
/// # Errors
/// Too few images along the track, or a track without attitudes.
pub fn calibrate_camera(
    track: &Track,
    camera: &Camera,
    images: &[Imaged],
    believed: &CameraBelieved,
) -> Result<CameraFound, MountsError> {
    let (begin_s, q_bc) = begin(track, camera, images, believed);
    let on_track = |image: &&Imaged| track.moving_at(image.t_s - begin_s).is_some();
    let images: Vec<&Imaged> = images.iter().filter(on_track).collect();
    if images.len() < NEEDED {
        return Err(MountsError::TooFew {
            readings: images.len(),
            needed: NEEDED,
        });
    }
    let mut problem = Problem::new(track, camera, images, believed);
    let mut as_believed = problem.begin();
    as_believed[0] = believed.lag_s;
    let errors = residuals(&as_believed, |x, rows| problem.put(x, FIRST_PX, rows));
    let before_px = scatter(&errors);
    (problem.lag_s, problem.nominal) = (begin_s, q_bc);
    let (solution, sigma_px) = problem.fit()?;
    Ok(problem.found(solution, sigma_px, before_px))
}

/// Lag and axes at which the search begins.
fn begin(
    track: &Track,
    camera: &Camera,
    images: &[Imaged],
    believed: &CameraBelieved,
) -> (f64, UnitQuaternion<f64>) {
    type Pairs = Vec<(Vector3<f64>, Vector3<f64>)>;
    let looked_at = || {
        images
            .iter()
            .step_by(images.len().div_ceil(LOOKED_AT).max(1))
    };
    // Directions in the body and in the camera.
    let pairs = |lag_s: f64| -> Pairs {
        let moving = looked_at().filter_map(|i| Some((track.moving_at(i.t_s - lag_s)?, i)));
        let directions = moving.flat_map(|(moving, image)| {
            image.points.iter().map(move |(p, pixel)| {
                let in_body = moving.q_nb.inverse() * (p - moving.p_nb) - believed.lever;
                (in_body.normalize(), camera.ray(pixel).normalize())
            })
        });
        directions.collect()
    };
    let error = |q: &UnitQuaternion<f64>, pairs: &Pairs| {
        let errors: Vec<f64> = pairs.iter().map(|(b, c)| (q * c - b).norm()).collect();
        spread(errors.iter().copied()).0
    };
    let fitted = |pairs: &Pairs| kabsch(pairs).map(|q| (error(&q, pairs), q));
    let all: usize = looked_at().map(|i| i.points.len()).sum();
    let steps = (REACH_S / SCAN_S).round() as i32;
    let lags = (-steps..=steps).map(|k| believed.lag_s + SCAN_S * f64::from(k));
    let scanned = lags.filter_map(|lag_s| {
        let pairs = pairs(lag_s);
        let (error, q) = fitted(&pairs).filter(|_| pairs.len() > all / 2)?;
        Some((error, lag_s, q))
    });
    let now = pairs(believed.lag_s);
    let at_believed = fitted(&now).map(|(error, q)| (error, believed.lag_s, q));
    let is_better = |error: f64| at_believed.is_none_or(|(now, ..)| error < BETTER * now);
    let best = scanned.min_by(|a, b| a.0.total_cmp(&b.0));
    let best = best.filter(|b| is_better(b.0)).or(at_believed);
    match best {
        Some((by_fit, lag_s, q)) if by_fit < BETTER * error(&believed.q_bc, &pairs(lag_s)) => {
            (lag_s, q)
        }
        Some((_, lag_s, _)) => (lag_s, believed.q_bc),
        None => (believed.lag_s, believed.q_bc),
    }
}

pub(super) struct Problem<'a> {
    track: &'a Track,
    camera: &'a Camera,
    images: Vec<&'a Imaged>,
    believed: &'a CameraBelieved,
    /// Where the search begins.
    pub lag_s: f64,
    pub nominal: UnitQuaternion<f64>,
    /// Where the survey error of each target begins among the unknowns, if it has one.
    surveys: Vec<Option<usize>>,
}

/// Places of the turn and of the lever arm among the unknowns; the lag is the first.
const TURN: usize = 1;
const LEVER: usize = 4;

impl CameraBelieved {
    /// How many unknowns the mount has; those of surveys follow.
    fn unknowns(&self) -> usize {
        if self.seeks_lever { LEVER + 3 } else { LEVER }
    }
}

impl<'a> Problem<'a> {
    pub(super) fn new(
        track: &'a Track,
        camera: &'a Camera,
        images: Vec<&'a Imaged>,
        believed: &'a CameraBelieved,
    ) -> Self {
        let mut next = believed.unknowns();
        let place = |(target, sigma_m): (usize, &f64)| {
            let is_sought = *sigma_m > 0.0 && images.iter().any(|i| i.target == target);
            let at = is_sought.then_some(next);
            next += if is_sought { 3 } else { 0 };
            at
        };
        let sigmas_m = believed.survey_sigmas_m.iter().enumerate();
        Self {
            track,
            camera,
            surveys: sigmas_m.map(place).collect(),
            images,
            believed,
            lag_s: believed.lag_s,
            nominal: believed.q_bc,
        }
    }

    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("lag_s", self.lag_s, LAG_PRIOR_S)];
        let axes = ["x", "y", "z"];
        let turn = |axis| Unknown::new(format!("turn about {axis}_rad"), 0.0, TURN_PRIOR_RAD);
        unknowns.extend(axes.map(turn));
        if self.believed.seeks_lever {
            let levers = axes.into_iter().zip(&self.believed.lever);
            unknowns.extend(levers.map(|(axis, guess_m)| {
                Unknown::new(format!("lever {axis}_m"), *guess_m, LEVER_PRIOR_M)
            }));
        }
        let sigmas_m = self.surveys.iter().zip(&self.believed.survey_sigmas_m);
        for (_, sigma_m) in sigmas_m.filter(|(place, _)| place.is_some()) {
            unknowns
                .extend(axes.map(|axis| Unknown::new(format!("survey {axis}_m"), 0.0, *sigma_m)));
        }
        unknowns
    }

    pub(super) fn begin(&self) -> Vec<f64> {
        self.unknowns().iter().map(|u| u.guess).collect()
    }

    pub(super) fn put(&self, x: &[f64], sigma_px: f64, rows: &mut Rows) {
        let turn = Vector3::new(x[TURN], x[TURN + 1], x[TURN + 2]);
        let q_cb = (self.nominal * math::exp(&turn)).inverse();
        let jacobian = math::right_jacobian(&turn);
        let lever = match x.get(LEVER..LEVER + 3) {
            Some(lever) if self.believed.seeks_lever => Vector3::from_column_slice(lever),
            _ => self.believed.lever,
        };
        let r_cb = *q_cb.to_rotation_matrix().matrix();
        for (k, image) in self.images.iter().enumerate() {
            rows.at(image.t_s);
            rows.part(k * PARTS / self.images.len());
            let Some(moving) = self.track.moving_at(image.t_s - x[0]) else {
                // Rows stay in number, so that a lag moves none of them out of the sum.
                for _ in &image.points {
                    rows.push_block([0.0; 2], [f64::INFINITY; 2], &[]);
                }
                continue;
            };
            let q_bn = moving.q_nb.inverse();
            let r_bn = *q_bn.to_rotation_matrix().matrix();
            let survey = self.surveys.get(image.target).copied().flatten();
            let off = survey.map_or_else(Vector3::zeros, |at| {
                Vector3::new(x[at], x[at + 1], x[at + 2])
            });
            for (p, pixel) in &image.points {
                let w = q_bn * (p + off - moving.p_nb);
                let d = q_cb * (w - lever);
                let Some((uv, by_d)) = self.camera.project(&d) else {
                    rows.push_block([BEHIND_PX; 2], [sigma_px; 2], &[]);
                    continue;
                };
                let by_lag = by_d * r_cb * (moving.rate.cross(&w) + r_bn * moving.velocity);
                let mut by = vec![(0, by_lag.into())];
                let mut put = |at: usize, by_vector: Matrix3<f64>| {
                    let columns = by_d * by_vector;
                    by.extend((0..3).map(|k| (at + k, columns.column(k).into_owned().into())));
                };
                put(TURN, d.cross_matrix() * jacobian);
                if self.believed.seeks_lever {
                    put(LEVER, -r_cb);
                }
                if let Some(at) = survey {
                    put(at, r_cb * r_bn);
                }
                rows.push_block([uv.x - pixel.x, uv.y - pixel.y], [sigma_px; 2], &by);
            }
        }
    }

    fn fit(&mut self) -> Result<(Solution, f64), SolveError> {
        let options = Search {
            robust: Robust::StudentT { freedom: FREEDOM },
            ..Search::default()
        };
        let fit = |[sigma_px]: &[f64; 1]| -> Result<Solution, SolveError> {
            let found = solve(&self.unknowns(), &options, |x, rows| {
                self.put(x, *sigma_px, rows);
            })?;
            // What is not shown is zero, and the axes stay as they are believed to be there.
            let turn = Vector3::from_fn(|k, _| found.parameters[TURN + k].value);
            self.nominal *= math::exp(&turn);
            self.lag_s = found.parameters[0].value;
            Ok(found)
        };
        let measured = |found: &Solution, _: &[f64; 1]| [scatter(&found.residuals).max(LEAST_PX)];
        let (found, [sigma_px]) = SETTLING.settle([FIRST_PX], fit, measured)?;
        Ok((found, sigma_px))
    }

    fn found(&self, solution: Solution, sigma_px: f64, before_px: f64) -> CameraFound {
        let own = self.believed.unknowns();
        let alternating = |(k, residual): (usize, &Residual)| Residual {
            series: k % 2,
            ..*residual
        };
        let is_used = |(_, residual): &(usize, &Residual)| residual.is_used();
        CameraFound {
            // What was scanned is where the search began, not what was believed.
            lag_s: solution.parameters[0].clone().against(self.believed.lag_s),
            lever: solution.parameters[LEVER..own].to_vec(),
            q_bc: self.nominal,
            turn: solution.parameters[TURN..LEVER].to_vec(),
            images: self.images.len(),
            sigma_px,
            before_px,
            correlation: solution.least_apart(own),
            residuals: (solution.residuals.iter().enumerate().filter(is_used))
                .map(alternating)
                .collect(),
        }
    }
}
