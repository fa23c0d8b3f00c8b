//! Where markers and points are that a camera saw from known places.
//!
//! ```text
//! point    d = R_cn (p − p_nc),               uv = (f_u x/z + c_u, f_v y/z + c_v)
//! marker   the same of its four corners,      p_k = p_m + R_m c_k
//! ∂d/∂p_m = R_cn     ∂d/∂θ = −R_cn R_m [c_k]×     (R_m ← R_m exp([θ]×))
//! ```
//! One fit for each, since the camera's places are known: position of a point, position and turn of
//! a marker. The search begins at the point nearest to all rays, or at the turn that the corners of a
//! sighting have by their homography (Hartley and Zisserman 2004, alg. 4.1), from several sightings.
//! Sigmas are those of the pixels, by the residuals, and of the camera's places on top ([`Sighting`]).
//!
//! Degenerate: a point that was seen from one direction only has no depth; a marker has, by its size.

mod initial;

use nalgebra::{UnitQuaternion, Vector2, Vector3};
use thiserror::Error;
use wayfix_filter::math;
/// A camera without distortion.
pub use wayfix_filter::measurement::Pinhole as Camera;

use crate::least_squares::{
    Options as Search, Residual, Robust, Rows, Settling, Solution, SolveError, Unknown, solve,
};
use crate::parameter::{Observed, Parameter};
use crate::spread::scatter;

/// Least sightings of a point and of a marker.
const NEEDED: [usize; 2] = [3, 2];
/// Prior sigma of a place around where the search begins \[m\], and of a turn \[rad\].
const PLACE_PRIOR_M: f64 = 10.0;
const TURN_PRIOR_RAD: f64 = 3.0;
/// A pixel's first sigma and its least \[px\].
const FIRST_PX: f64 = 5.0;
const LEAST_PX: f64 = 0.1;
/// What stands for the error of a point that is not in front of the camera: far off, and no way from
/// here \[px\].
pub(crate) const BEHIND_PX: f64 = 1e3;
/// Sightings closer in time than this are one pass \[s\].
const PASS_S: f64 = 2.0;
const FREEDOM: f64 = 4.0;
const SETTLING: Settling = Settling {
    share: 0.02,
    rounds: 8,
};

/// What was seen once.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// When \[s\].
    pub t_s: f64,
    /// Camera in the site frame \[m\].
    pub p_nc: Vector3<f64>,
    /// Site axes to camera axes.
    pub q_cn: UnitQuaternion<f64>,
    /// Sigma of the camera's place \[m\], and of its attitude \[rad\].
    pub sigmas: [f64; 2],
    /// One pixel of a point, or four of a marker's corners.
    pub pixels: Vec<Vector2<f64>>,
}

/// Place of a point or marker.
#[derive(Clone, Debug, PartialEq)]
pub struct Surveyed {
    /// x, y, z \[m\].
    pub place: Vec<Parameter>,
    /// Axes of a marker in the site frame.
    pub q_nm: Option<UnitQuaternion<f64>>,
    /// What is left of its turn about its own axes \[rad\]: zero, with its sigmas.
    pub turn: Vec<Parameter>,
    /// Sightings, and passes.
    pub seen: (usize, usize),
    /// Standard deviation of a pixel \[px\].
    pub sigma_px: f64,
    /// Errors \[px\].
    pub residuals: Vec<Residual>,
}

/// Why a place was not found.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MarkersError {
    /// Too few sightings.
    #[error("{sightings} sightings, at least {needed} are needed")]
    TooFew {
        /// That could be used.
        sightings: usize,
        /// Needed.
        needed: usize,
    },
    /// Rays that meet nowhere in front of the camera.
    #[error("its sightings don't meet in a place")]
    Nowhere,
    /// The search did not end.
    #[error("the fit of its place: {0}")]
    Solve(#[from] SolveError),
}

/// Finds the place of a point, or of a marker of a size \[m\], from its sightings by time. `near` is where it is
/// believed to be.
///
/// # Errors
/// Too few sightings, or such that don't meet.
pub fn survey(
    camera: &Camera,
    sightings: &[Sighting],
    size_m: Option<f64>,
    near: Option<(Vector3<f64>, UnitQuaternion<f64>)>,
) -> Result<Surveyed, MarkersError> {
    let corners = size_m.map_or(1, |_| 4);
    let sound = sightings.iter().filter(|s| s.pixels.len() == corners);
    let sightings: Vec<&Sighting> = sound.collect();
    let needed = NEEDED[usize::from(size_m.is_some())];
    if sightings.len() < needed {
        return Err(MarkersError::TooFew {
            sightings: sightings.len(),
            needed,
        });
    }
    let mut begins: Vec<(Vector3<f64>, UnitQuaternion<f64>)> = near.into_iter().collect();
    match size_m {
        Some(size_m) => begins.extend(initial::markers(camera, &sightings, size_m)),
        None => begins
            .extend(initial::point(camera, &sightings).map(|p| (p, UnitQuaternion::identity()))),
    }
    let fits = begins.into_iter().filter_map(|begin| {
        let problem = Problem {
            camera,
            sightings: &sightings,
            corners: of_marker(size_m),
            begin,
        };
        problem.fit().ok()
    });
    let best = fits.min_by(|a, b| a.1.total_cmp(&b.1));
    let (solution, sigma_px, begin) = best.ok_or(MarkersError::Nowhere)?;
    Ok(surveyed(&sightings, &solution, sigma_px, begin, size_m))
}

/// Corners of a marker of a size \[m\] in its own frame \[m\], in the order of a sighting's pixels.
#[must_use]
pub fn corners(size_m: f64) -> [Vector3<f64>; 4] {
    let h = 0.5 * size_m;
    [(-h, -h), (h, -h), (h, h), (-h, h)].map(|(x, y)| Vector3::new(x, y, 0.0))
}

/// Corners in the marker's own frame \[m\]; one at the origin for a point.
fn of_marker(size_m: Option<f64>) -> Vec<Vector3<f64>> {
    size_m.map_or_else(|| vec![Vector3::zeros()], |size_m| corners(size_m).to_vec())
}

struct Problem<'a> {
    camera: &'a Camera,
    sightings: &'a [&'a Sighting],
    corners: Vec<Vector3<f64>>,
    begin: (Vector3<f64>, UnitQuaternion<f64>),
}

type Fit = (Solution, f64, (Vector3<f64>, UnitQuaternion<f64>));

impl Problem<'_> {
    /// The solution, the sigma of a pixel, and the turn that it is about.
    fn fit(mut self) -> Result<Fit, SolveError> {
        let options = Search {
            robust: Robust::StudentT { freedom: FREEDOM },
            ..Search::default()
        };
        let fit = |[sigma_px]: &[f64; 1]| -> Result<Solution, SolveError> {
            let found = solve(&self.unknowns(), &options, |x, rows| {
                self.put(x, *sigma_px, rows);
            })?;
            let turn = |k: usize| found.parameters.get(3 + k).map_or(0.0, |p| p.value);
            let turn = UnitQuaternion::from_scaled_axis(Vector3::from_fn(|k, _| turn(k)));
            self.begin.1 *= turn;
            (0..3).for_each(|k| self.begin.0[k] = found.parameters[k].value);
            Ok(found)
        };
        let measured = |found: &Solution, _: &[f64; 1]| [scatter(&found.residuals).max(LEAST_PX)];
        let (found, [sigma_px]) = SETTLING.settle([FIRST_PX], fit, measured)?;
        Ok((found, sigma_px, self.begin))
    }

    fn unknowns(&self) -> Vec<Unknown> {
        let places = ["x_m", "y_m", "z_m"].into_iter().enumerate();
        let place = places.map(|(k, name)| Unknown::new(name, self.begin.0[k], PLACE_PRIOR_M));
        let turn = ["turn x", "turn y", "turn z"].map(|n| Unknown::new(n, 0.0, TURN_PRIOR_RAD));
        let shown = if self.corners.len() > 1 { 3 } else { 0 };
        place.chain(turn.into_iter().take(shown)).collect()
    }

    fn put(&self, x: &[f64], sigma_px: f64, rows: &mut Rows) {
        let p_m = Vector3::new(x[0], x[1], x[2]);
        let is_marker = self.corners.len() > 1;
        let turn = if is_marker {
            Vector3::new(x[3], x[4], x[5])
        } else {
            Vector3::zeros()
        };
        let r_m = self.begin.1 * UnitQuaternion::from_scaled_axis(turn);
        let jacobian = math::right_jacobian(&turn);
        let mut pass = (0, f64::NEG_INFINITY);
        for sighting in self.sightings {
            if pass.1 > f64::NEG_INFINITY && sighting.t_s - pass.1 > PASS_S {
                pass.0 += 1;
            }
            pass.1 = sighting.t_s;
            rows.at(sighting.t_s);
            rows.part(pass.0);
            let r_cn = sighting.q_cn.to_rotation_matrix();
            for (corner, pixel) in self.corners.iter().zip(&sighting.pixels) {
                let d = r_cn * (p_m + r_m * corner - sighting.p_nc);
                let Some((uv, by_d)) = self.camera.project(&d) else {
                    rows.push_block([BEHIND_PX; 2], [sigma_px; 2], &[]);
                    continue;
                };
                let by_place = by_d * r_cn.matrix();
                let mut by: Vec<(usize, [f64; 2])> = (0..3)
                    .map(|k| (k, by_place.column(k).into_owned().into()))
                    .collect();
                if is_marker {
                    let r_m = r_m.to_rotation_matrix();
                    let by_turn = -by_place * r_m.matrix() * corner.cross_matrix() * jacobian;
                    by.extend((0..3).map(|k| (3 + k, by_turn.column(k).into_owned().into())));
                }
                rows.push_block([uv.x - pixel.x, uv.y - pixel.y], [sigma_px; 2], &by);
            }
        }
    }
}

/// The result, the uncertainty of the camera's places in it: what they have in common does not average.
fn surveyed(
    sightings: &[&Sighting],
    solution: &Solution,
    sigma_px: f64,
    (p, q): (Vector3<f64>, UnitQuaternion<f64>),
    size_m: Option<f64>,
) -> Surveyed {
    let count = sightings.len() as f64;
    let mean = |of: &dyn Fn(&Sighting) -> f64| sightings.iter().map(|s| of(s)).sum::<f64>() / count;
    let place_m = mean(&|s| s.sigmas[0].hypot(s.sigmas[1] * (s.p_nc - p).norm()));
    let turn_rad = mean(&|s| s.sigmas[1]);
    let wider = |p: &Parameter, by: f64, prior: f64| {
        let sigma = p.sigma.hypot(by);
        let observed = match (p.observed, Observed::by_share(sigma / prior)) {
            (Observed::No, _) | (_, Observed::No) => Observed::No,
            (Observed::Weakly, _) | (_, Observed::Weakly) => Observed::Weakly,
            _ => Observed::Well,
        };
        Parameter {
            sigma,
            observed,
            ..p.clone()
        }
    };
    let gaps = sightings
        .windows(2)
        .filter(|pair| pair[1].t_s - pair[0].t_s > PASS_S);
    let turn = solution.parameters.iter().skip(3);
    Surveyed {
        place: (solution.parameters.iter().take(3))
            .map(|p| wider(p, place_m, PLACE_PRIOR_M))
            .collect(),
        q_nm: size_m.map(|_| q),
        turn: turn.map(|p| wider(p, turn_rad, TURN_PRIOR_RAD)).collect(),
        seen: (sightings.len(), gaps.count() + 1),
        sigma_px,
        residuals: solution.residuals.clone(),
    }
}

#[cfg(test)]
mod tests;
