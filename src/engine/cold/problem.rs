//! The equations of a cold start: everything heard, robustly weighted, over (x, y, z, yaw).

use nalgebra::{Matrix4, UnitQuaternion, Vector3, Vector4};
use wayfix_filter::measurement::Linearised;
use wayfix_filter::{Block, Nav, View, math};

use super::{KNOWN_YAW_SIGMA_RAD, NO_YAW_SIGMA_RAD, Solution};
use crate::engine::resolve::Model;
use crate::engine::setup::Setup;

/// A solution must place the asset to this sigma \[m\].
const MAX_SIGMA_M: f64 = 8.0;
/// Largest robust cost a measurement component that still counts as agreement.
const MAX_COST_PER_COMPONENT: f64 = 6.0;
/// Degrees of freedom of the robust (Student-t) cost.
const NU: f64 = 4.0;
/// So many descents find every minimum that counts.
const DESCENTS: usize = 32;

/// Normal equations over (x, y, z, yaw), robustly weighted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    pub(super) a: Matrix4<f64>,
    pub(super) b: Vector4<f64>,
    pub(super) cost: f64,
    components: usize,
}

/// Cost of a measurement that is impossible at a place (a point behind the camera).
const MISS_COST: f64 = 30.0;

impl Sums {
    /// Adds a measurement that is impossible here.
    pub fn miss(&mut self) {
        self.cost += MISS_COST;
    }

    /// Adds one measurement, its components taken as independent.
    pub fn add<const M: usize>(&mut self, view: &View, lin: &Linearised<M>, extra: f64) {
        let up_b = view.nav.q_nb.inverse() * Vector3::z();
        for m in 0..M {
            let variance = lin.r[(m, m)] + extra;
            let residual = lin.residual[m];
            if !(variance > 0.0 && residual.is_finite()) {
                continue;
            }
            let position = lin
                .h
                .block(Block::Position)
                .map_or(Vector3::zeros(), |h| h.row(m).transpose());
            let yaw = lin
                .h
                .block(Block::Attitude)
                .map_or(0.0, |h| (h.row(m) * up_b)[0]);
            let row = Vector4::new(position.x, position.y, position.z, yaw);
            let chi_sq = residual * residual / variance;
            let weight = (NU + 1.0) / (NU + chi_sq) / variance;
            self.a += row * row.transpose() * weight;
            self.b += row * (residual * weight);
            self.cost += (NU + 1.0) * (chi_sq / NU).ln_1p();
            self.components += 1;
        }
    }
}

/// What is known of the height before anything is heard.
#[derive(Clone, Copy)]
pub(super) struct ZPrior {
    mean_m: f64,
    sigma_m: f64,
}

impl ZPrior {
    pub fn new(setup: &Setup, anchors: &[Vector3<f64>]) -> Self {
        match setup.motion.planar_height_m {
            Some(height_m) => Self {
                mean_m: height_m,
                sigma_m: 0.5 * setup.motion.planar_sigma_m,
            },
            None => {
                let mean_m = anchors.iter().map(|a| a.z).sum::<f64>() / anchors.len() as f64;
                Self {
                    mean_m,
                    sigma_m: 5.0,
                }
            }
        }
    }
}

pub(super) struct Problem<'a> {
    pub setup: &'a Setup,
    pub models: &'a [(Model, f64)],
    pub level: UnitQuaternion<f64>,
    pub z: ZPrior,
    /// Mean and sigma of the heading before anything is heard [rad].
    pub yaw: (f64, f64),
}

impl<'a> Problem<'a> {
    pub fn with_yaw(&self, yaw: (f64, f64)) -> Problem<'a> {
        Problem {
            setup: self.setup,
            models: self.models,
            level: self.level,
            z: self.z,
            yaw,
        }
    }

    fn nav(&self, x: &Vector4<f64>) -> Nav {
        let turn = x.w - math::yaw(&self.level);
        Nav {
            q_nb: math::exp(&(Vector3::z() * turn)) * self.level,
            p_n: x.xyz(),
            ..Nav::default()
        }
    }

    pub fn sums(&self, x: &Vector4<f64>) -> Sums {
        let nav = self.nav(x);
        let view = View {
            nav: &nav,
            parameters: &[],
        };
        let mut sums = Sums::default();
        for (model, extra) in self.models {
            model.accumulate(&view, *extra, &mut sums);
        }
        let precision = 1.0 / (self.z.sigma_m * self.z.sigma_m);
        let off = self.z.mean_m - x.z;
        sums.a[(2, 2)] += precision;
        sums.b[2] += precision * off;
        sums.cost += off * off * precision;
        let (yaw, sigma) = self.yaw;
        let precision = 1.0 / (sigma * sigma);
        // A heading that nothing tells pulls nowhere; it only keeps the equations regular.
        let off = if sigma < NO_YAW_SIGMA_RAD {
            math::wrap_angle(yaw - x.w)
        } else {
            0.0
        };
        sums.a[(3, 3)] += precision;
        sums.b[3] += precision * off;
        sums.cost += off * off * precision;
        sums
    }

    /// Levenberg-Marquardt from one start.
    pub fn descend(&self, start: Vector4<f64>) -> Option<Solution> {
        let mut x = start;
        let mut sums = self.sums(&x);
        let mut damping = 1e-3;
        for _ in 0..30 {
            let mut a = sums.a;
            for i in 0..4 {
                a[(i, i)] += damping * (sums.a[(i, i)] + 1e-6);
            }
            let step = a.cholesky()?.solve(&sums.b);
            let next = x + step;
            let after = self.sums(&next);
            if after.components >= sums.components && after.cost <= sums.cost {
                let small = step.norm() < 1e-4;
                (x, sums) = (next, after);
                damping *= 0.3;
                if small {
                    break;
                }
            } else {
                damping *= 5.0;
                if damping > 1e6 {
                    break;
                }
            }
        }
        self.judge(&x, &sums)
    }

    /// A minimum that agrees with what was heard and that places the asset.
    fn judge(&self, x: &Vector4<f64>, sums: &Sums) -> Option<Solution> {
        let covariance = sums.a.cholesky()?.inverse();
        let yaw_known = covariance[(3, 3)] < KNOWN_YAW_SIGMA_RAD * KNOWN_YAW_SIGMA_RAD;
        let sigma_m = covariance[(0, 0)].max(covariance[(1, 1)]).sqrt();
        let agrees = sums.cost < MAX_COST_PER_COMPONENT * sums.components as f64 + 9.0;
        let unknowns = 2 + usize::from(yaw_known) + usize::from(self.z.sigma_m > 1.0);
        let placed = self.models.iter().any(|(m, _)| {
            matches!(
                m,
                Model::Position2(_)
                    | Model::Position3(_)
                    | Model::Pose(_)
                    | Model::Marker(_)
                    | Model::Passage(_)
            )
        });
        let enough = placed || sums.components > unknowns;
        let is_place = sigma_m < MAX_SIGMA_M && agrees && enough && x.iter().all(|v| v.is_finite());
        let yaw_rad = math::wrap_angle(x.w);
        is_place.then_some(Solution {
            p_n: x.xyz(),
            yaw_rad,
            covariance,
            cost: sums.cost,
        })
    }
}

/// How much the cost rises at two sigmas.
const TWO_SIGMAS: f64 = 4.0;

impl Problem<'_> {
    /// A solution as it is, or the two that it stands between. In the plane of the anchors (on the line
    /// between two) ranges do not feel a step across to first order, so that the equations leave that
    /// direction to the prior; to second order they do, and alike on both sides. Where the cost along
    /// the weakest direction e of the position, as it is for this heading, has risen by two sigmas
    /// before one, the solution is replaced by one on each side, at half the distance w where it has:
    /// x ± e w/2, and the covariance as if the position along e had been measured to w/2.
    pub fn apart(&self, found: Solution) -> impl Iterator<Item = Solution> {
        let c = &found.covariance;
        let by_yaw = c.fixed_view::<3, 1>(0, 3);
        let p = c.fixed_view::<3, 3>(0, 0) - by_yaw * by_yaw.transpose() / c[(3, 3)];
        let eigen = p.symmetric_eigen();
        let (i, variance) = eigen.eigenvalues.argmax();
        let e = eigen.eigenvectors.column(i).push(0.0);
        let (x, sigma) = (found.p_n.push(found.yaw_rad), variance.sqrt());
        let reach = |side: f64| {
            let rises = |s: f64| self.sums(&(x + e * (side * s))).cost - found.cost > TWO_SIGMAS;
            rises(sigma).then(|| {
                let (mut low, mut high) = (0.0, sigma);
                for _ in 0..10 {
                    let middle = 0.5 * (low + high);
                    (low, high) = if rises(middle) {
                        (low, middle)
                    } else {
                        (middle, high)
                    };
                }
                side * high
            })
        };
        let sides = reach(1.0).zip(reach(-1.0)).map(|(up, down)| [up, down]);
        let split = sides.into_iter().flatten().map(move |w| {
            let of_e = found.covariance * e;
            let innovation = 0.25 * w * w + e.dot(&of_e);
            Solution {
                p_n: found.p_n + e.xyz() * (0.5 * w),
                covariance: found.covariance - of_e * of_e.transpose() / innovation,
                ..found
            }
        });
        sides.is_none().then_some(found).into_iter().chain(split)
    }
}

/// The starting points that agree best with what was heard: descending from all of them would find the
/// same minima again and again.
pub(super) fn most_promising(starts: Vec<Vector4<f64>>, problem: &Problem) -> Vec<Vector4<f64>> {
    let mut by_cost: Vec<(f64, Vector4<f64>)> = starts
        .into_iter()
        .map(|start| (problem.sums(&start).cost, start))
        .collect();
    by_cost.sort_by(|a, b| a.0.total_cmp(&b.0));
    by_cost.truncate(DESCENTS);
    by_cost.into_iter().map(|(_, start)| start).collect()
}

/// Starting points: a grid over what was heard and its surroundings, and several headings where
/// the measurements depend on it.
pub(super) fn starts(anchors: &[Vector3<f64>], problem: &Problem) -> Vec<Vector4<f64>> {
    let mut low = anchors[0];
    let mut high = anchors[0];
    for a in anchors {
        low = low.inf(a);
        high = high.sup(a);
    }
    let margin = (0.3 * (high - low).xy().norm()).clamp(0.5, 30.0);
    let sees_yaw = problem
        .sums(&Vector4::new(
            low.x + 0.37,
            low.y - 0.21,
            problem.z.mean_m,
            0.3,
        ))
        .a[(3, 3)]
        > 1.01 / (NO_YAW_SIGMA_RAD * NO_YAW_SIGMA_RAD);
    let yaws: &[f64] = if sees_yaw {
        &[0.0, 0.8, 1.6, 2.4, 3.1, -0.8, -1.6, -2.4]
    } else {
        &[0.0]
    };
    let heights: &[f64] = if problem.setup.motion.planar_height_m.is_some() {
        &[0.0]
    } else {
        &[-1.0, 1.0]
    };
    // One place told directly needs no grid.
    let steps = if (high - low).norm() < 1e-9 { 0 } else { 4 };
    let mut out = Vec::new();
    for i in 0..=steps {
        for k in 0..=steps {
            for dz in heights {
                for yaw in yaws {
                    let share = |n: usize| {
                        if steps == 0 {
                            0.5
                        } else {
                            n as f64 / steps as f64
                        }
                    };
                    out.push(Vector4::new(
                        low.x - margin + share(i) * (high.x - low.x + 2.0 * margin),
                        low.y - margin + share(k) * (high.y - low.y + 2.0 * margin),
                        problem.z.mean_m + dz,
                        *yaw,
                    ));
                }
            }
        }
    }
    out
}
