//! Cold start: position and heading from the first absolute measurements alone.
//!
//! Robust Gauss-Newton over (x, y, z, yaw) of everything heard within a short window, from many
//! starting points. It uses the same measurement models as the filter, so whatever can be fused can
//! start the engine. What it can't tell apart (mirror images about two anchors, the heading of a
//! vehicle that has not moved) comes back as several solutions, never as a guess.

mod problem;

use nalgebra::{Matrix4, UnitQuaternion, Vector3, Vector4};
use serde::{Deserialize, Serialize};
use wayfix_filter::{Timestamp, math};
use wayfix_sensors::Reading;

use super::resolve::{Model, resolve_alone};
use super::setup::Setup;
pub use problem::Sums;
use problem::{Problem, ZPrior, most_promising, starts};

/// How long heard measurements count \[s\].
const WINDOW_S: f64 = 3.0;
/// Most measurements in the window.
const CAPACITY: usize = 96;
/// Solutions whose cost exceeds the best one's by more than this (in units of χ²) are dropped.
const COST_MARGIN: f64 = 12.0;

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
                let (model, variance) = resolve_alone(setup, *source, reading).ok()?;
                if matches!(model, Model::Velocity2(_) | Model::Velocity3(_)) {
                    return None;
                }
                let moved_m = now.seconds_since(*t) * unknown_speed(&model, speed_mps);
                Some((model, variance + moved_m * moved_m))
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
        // Its memory is given back: most engines start once.
        self.heard = Vec::new();
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
        if headings_matter {
            solutions = with_headings(&solutions, &problem);
        }
        solutions
            .into_iter()
            .flat_map(|s| problem.apart(s))
            .collect()
    }
}

/// Each solution whose heading nothing tells, once with each heading that is tried.
fn with_headings(solutions: &[Solution], problem: &Problem) -> Vec<Solution> {
    let of_each = |s: &Solution| {
        let (known, p_n) = (s.is_yaw_known(), s.p_n);
        let tried = headings()
            .filter(move |_| !known)
            .filter_map(move |yaw| problem.with_yaw(yaw).descend(p_n.push(yaw.0)));
        known.then_some(*s).into_iter().chain(tried)
    };
    solutions.iter().flat_map(of_each).collect()
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
