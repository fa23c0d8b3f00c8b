//! Cold start: position and heading from the first absolute measurements alone.
//!
//! Robust Gauss-Newton over (x, y, z, yaw) of everything heard within a short window, from many
//! starting points. It uses the same measurement models as the filter, so whatever can be fused can
//! start the engine. What it can't tell apart (mirror images about two anchors, the heading of a
//! vehicle that has not moved) comes back as several solutions, never as a guess.

use nalgebra::{Matrix4, UnitQuaternion, Vector3, Vector4};
use serde::{Deserialize, Serialize};
use wayfix_filter::measurement::Linearised;
use wayfix_filter::{Block, Nav, Timestamp, View, math};
use wayfix_sensors::Reading;

use super::resolve::{AsNoise, Model, resolve};
use super::setup::Setup;

/// How long heard measurements count \[s\].
const WINDOW_S: f64 = 3.0;
/// Most measurements in the window.
const CAPACITY: usize = 96;
/// A solution must place the asset to this sigma \[m\].
const MAX_SIGMA_M: f64 = 8.0;
/// Solutions whose cost exceeds the best one's by more than this (in units of χ²) are dropped.
const COST_MARGIN: f64 = 12.0;
/// Largest robust cost a measurement component that still counts as agreement.
const MAX_COST_PER_COMPONENT: f64 = 6.0;
/// Degrees of freedom of the robust (Student-t) cost.
const NU: f64 = 4.0;

/// Normal equations over (x, y, z, yaw), robustly weighted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    a: Matrix4<f64>,
    b: Vector4<f64>,
    cost: f64,
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

/// A place that agrees with what was heard.
#[derive(Clone, Copy, Debug)]
pub struct Solution {
    /// Position \[m\].
    pub p_n: Vector3<f64>,
    /// Heading [rad]: found, or one of several that are tried.
    pub yaw_rad: f64,
    /// Covariance of (x, y, z, yaw).
    pub covariance: Matrix4<f64>,
    cost: f64,
}

/// Headings that are tried where nothing tells: every 30 degrees.
const HEADINGS: u32 = 12;
/// Sigma of a heading that nothing tells [rad].
const NO_YAW_SIGMA_RAD: f64 = 1.8;
/// A heading with a smaller sigma is known [rad].
const KNOWN_YAW_SIGMA_RAD: f64 = 0.35;

/// The headings that are tried, and the sigma of each [rad].
pub fn headings() -> impl Iterator<Item = (f64, f64)> {
    let step = core::f64::consts::TAU / f64::from(HEADINGS);
    (0..HEADINGS).map(move |i| (math::wrap_angle(step * f64::from(i)), 0.5 * step))
}

/// What was heard lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Window {
    heard: Vec<(Timestamp, u16, Reading)>,
    /// When solving was last tried, and whether something was heard since.
    tried: Option<Timestamp>,
    fresh: bool,
}

/// So many descents find every minimum that counts.
const DESCENTS: usize = 32;
/// Whether a reading tells where the asset is, alone or with others of its kind.
#[must_use]
pub fn places(reading: &Reading) -> bool {
    !matches!(
        reading,
        Reading::GnssVelocity(_)
            | Reading::Yaw(_)
            | Reading::MagneticField(_)
            | Reading::Height(_)
            | Reading::Pressure(_)
    )
}

/// Least time between two tries to solve \[s\].
const RETRY_S: f64 = 0.1;

impl Window {
    /// Remembers a measurement and forgets what is too old.
    pub fn push(&mut self, t: Timestamp, source: u16, reading: &Reading) {
        self.heard
            .retain(|(heard, ..)| t.seconds_since(*heard) <= WINDOW_S);
        if !places(reading) {
            // Of what tells no place, the latest is enough.
            let is_same =
                |(_, s, r): &(Timestamp, u16, Reading)| *s == source && r.kind() == reading.kind();
            self.heard.retain(|heard| !is_same(heard));
        }
        if self.heard.len() == CAPACITY {
            self.heard.remove(0);
        }
        self.heard.push((t, source, *reading));
        self.fresh = true;
    }

    /// Whether something new was heard since the last try, and that was not just now.
    pub fn is_due(&mut self, t: Timestamp) -> bool {
        let due = self.fresh
            && self
                .tried
                .is_none_or(|last| t.seconds_since(last) >= RETRY_S);
        if due {
            self.tried = Some(t);
            self.fresh = false;
        }
        due
    }

    /// Course and speed of the latest satellite velocity [rad, m/s].
    #[must_use]
    pub fn course(&self) -> Option<(f64, f64)> {
        self.heard
            .iter()
            .rev()
            .find_map(|(.., reading)| match reading {
                Reading::GnssVelocity(v) => {
                    Some((v.north_mps.atan2(v.east_mps), v.north_mps.hypot(v.east_mps)))
                }
                _ => None,
            })
    }

    /// What was heard as models, each with the variance of what it can't know.
    fn models(&self, setup: &Setup, speed_mps: Option<f64>) -> Vec<(Model, f64)> {
        let now = self.heard.iter().map(|(t, ..)| *t).max();
        let now = now.unwrap_or_default();
        (self.heard.iter())
            .filter_map(|(t, source, reading)| {
                let mut noise = AsNoise::default();
                let model = resolve(setup, *source, reading, &mut noise).ok()?;
                if matches!(model, Model::Velocity2(_) | Model::Velocity3(_)) {
                    return None;
                }
                let moved_m = now.seconds_since(*t) * unknown_speed(&model, speed_mps);
                Some((model, noise.variance + moved_m * moved_m))
            })
            .collect()
    }

    /// The heading that a compass of any kind tells, wherever the asset is, and its sigma [rad]. What
    /// the compass is wrong by for a while is in that sigma twice: the filter meets it again as an
    /// error of its own.
    #[must_use]
    pub fn heading(&self, setup: &Setup, level: &UnitQuaternion<f64>) -> Option<(f64, f64)> {
        let mut models = self.models(setup, None);
        models.retain(|(m, _)| matches!(m, Model::Yaw(_) | Model::Magnetic(_)));
        models.iter_mut().for_each(|(_, variance)| *variance *= 2.0);
        let problem = Problem {
            setup,
            models: &models,
            level: *level,
            z: ZPrior::new(setup, &[Vector3::zeros()]),
            yaw: (0.0, NO_YAW_SIGMA_RAD),
        };
        let mut x = Vector4::new(0.0, 0.0, 0.0, math::yaw(level));
        let mut sigma = NO_YAW_SIGMA_RAD;
        for _ in 0..3 {
            let sums = problem.sums(&x);
            x.w += sums.b[3] / sums.a[(3, 3)];
            sigma = (1.0 / sums.a[(3, 3)]).sqrt();
        }
        (sigma < KNOWN_YAW_SIGMA_RAD).then(|| (math::wrap_angle(x.w), sigma))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.heard.clear();
    }

    /// The places that agree with what was heard, best first; none where that does not suffice.
    /// `level` is roll and pitch as far as known (its heading does not matter). Where nothing tells
    /// the heading, each place comes back once with no heading, or, if `headings_matter`, once with
    /// each heading that is tried.
    #[must_use]
    pub fn solve(
        &self,
        setup: &Setup,
        level: &UnitQuaternion<f64>,
        headings_matter: bool,
        speed_mps: Option<f64>,
    ) -> Vec<Solution> {
        let models = self.models(setup, speed_mps);
        let anchors: Vec<Vector3<f64>> = models.iter().filter_map(|(m, _)| m.anchor()).collect();
        if anchors.is_empty() {
            return Vec::new();
        }
        let problem = Problem {
            setup,
            models: &models,
            level: *level,
            z: ZPrior::new(setup, &anchors),
            yaw: (0.0, NO_YAW_SIGMA_RAD),
        };
        let mut solutions: Vec<Solution> = Vec::new();
        for start in most_promising(starts(&anchors, &problem), &problem) {
            let Some(found) = problem.descend(start) else {
                continue;
            };
            match solutions.iter_mut().find(|s| s.is_same(&found)) {
                Some(known) if known.cost <= found.cost => {}
                Some(known) => *known = found,
                None => solutions.push(found),
            }
        }
        solutions.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let best = solutions.first().map_or(0.0, |s| s.cost);
        solutions.retain(|s| s.cost - best < COST_MARGIN);
        if !headings_matter {
            return solutions;
        }
        solutions
            .iter()
            .flat_map(|s| {
                let known = s.is_yaw_known();
                let tried = headings().filter(move |_| !known).filter_map(|yaw| {
                    problem
                        .with_yaw(yaw)
                        .descend(Vector4::new(s.p_n.x, s.p_n.y, s.p_n.z, yaw.0))
                });
                known.then_some(*s).into_iter().chain(tried)
            })
            .collect()
    }
}

impl Solution {
    /// Whether the measurements show the heading.
    #[must_use]
    pub fn is_yaw_known(&self) -> bool {
        self.covariance[(3, 3)] < KNOWN_YAW_SIGMA_RAD * KNOWN_YAW_SIGMA_RAD
    }

    fn is_same(&self, other: &Self) -> bool {
        let near = (self.p_n - other.p_n).norm()
            < 0.3 + self.covariance[(0, 0)].max(self.covariance[(1, 1)]).sqrt();
        let turned = math::wrap_angle(self.yaw_rad - other.yaw_rad).abs();
        near && (turned < 0.4 || !self.is_yaw_known() || !other.is_yaw_known())
    }
}

/// How fast the asset may have moved since a measurement [m/s]: as the wheels say, else at a walk, or
/// at a drive where satellites place it. Zero for measurements that are not lengths.
fn unknown_speed(model: &Model, wheels_mps: Option<f64>) -> f64 {
    let otherwise = match model {
        Model::Position2(_) | Model::Position3(_) | Model::Pose(_) => 15.0,
        Model::Range(_) | Model::RangeDifference(_) | Model::Passage(_) => 0.5,
        _ => return 0.0,
    };
    wheels_mps.map_or(otherwise, |v| v.abs().max(0.2))
}

/// What is known of the height before anything is heard.
#[derive(Clone, Copy)]
struct ZPrior {
    mean_m: f64,
    sigma_m: f64,
}

impl ZPrior {
    fn new(setup: &Setup, anchors: &[Vector3<f64>]) -> Self {
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

struct Problem<'a> {
    setup: &'a Setup,
    models: &'a [(Model, f64)],
    level: UnitQuaternion<f64>,
    z: ZPrior,
    /// Mean and sigma of the heading before anything is heard [rad].
    yaw: (f64, f64),
}

impl<'a> Problem<'a> {
    fn with_yaw(&self, yaw: (f64, f64)) -> Problem<'a> {
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

    fn sums(&self, x: &Vector4<f64>) -> Sums {
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
    fn descend(&self, start: Vector4<f64>) -> Option<Solution> {
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

/// The starting points that agree best with what was heard: descending from all of them would find the
/// same minima again and again.
fn most_promising(starts: Vec<Vector4<f64>>, problem: &Problem) -> Vec<Vector4<f64>> {
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
fn starts(anchors: &[Vector3<f64>], problem: &Problem) -> Vec<Vector4<f64>> {
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
