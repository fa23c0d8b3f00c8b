//! The lag at which two sources agree best, of all within some seconds.
//!
//! The spread of the errors against the way, shifted by each lag in turn; what stays the same over the
//! drive (an offset, a bias of each anchor) is taken off by its median. For velocities that is the
//! correlation of the two, and needs no start.

use super::{Problem, Seen, series};
use crate::drive::Sensor;
use crate::spread::{median, spread};

/// How far to look, and in what steps \[s\].
const REACH_S: f64 = 3.0;
const STEP_S: f64 = 0.1;
/// Readings that are looked at.
const LOOKED_AT: usize = 1500;
/// A lag has to be better than the one believed by this factor to be begun at.
const BETTER: f64 = 0.98;

/// The lag of velocities, or of all else \[s\].
pub(super) fn lag(problem: &Problem, velocities: bool) -> f64 {
    let believed_s = problem.believed.lags_s[usize::from(velocities)];
    let own = problem
        .sights
        .iter()
        .filter(|s| matches!(s.seen, Seen::Velocity(_)) == velocities)
        .collect::<Vec<_>>();
    let step = own.len().div_ceil(LOOKED_AT).max(1);
    let x = problem.begin();
    let disagreement = |lag_s: f64| -> Option<f64> {
        let sensor = Sensor {
            lag_s,
            ..problem.sensor(&x, velocities)
        };
        // Errors by what they have in common: the axis, or the anchor.
        let mut errors: Vec<Vec<f64>> = vec![Vec::new(); 6 + problem.believed.anchors.len()];
        for sight in own.iter().step_by(step) {
            let t_s = sight.t_s;
            match sight.seen {
                Seen::Position(xy_m) => {
                    let Some(placed) = problem.way.at(&x, t_s, &sensor) else {
                        continue;
                    };
                    let p = placed.p;
                    (0..2).for_each(|k| errors[k].push(p[k] - xy_m[k]));
                }
                Seen::Velocity(xy_mps) => {
                    let v = problem.way.velocity_at(&x, t_s, &sensor);
                    let Some(v) = v else { continue };
                    (0..2).for_each(|k| errors[2 + k].push(v.p[k] - xy_mps[k]));
                }
                Seen::Heading(yaw_rad) => {
                    let Some((yaw, _)) = problem.way.yaw_at(&x, t_s, &sensor) else {
                        continue;
                    };
                    errors[4].push(crate::pose::wrap(yaw - yaw_rad));
                }
                Seen::Range(anchor, range_m) => {
                    let Some(placed) = problem.way.at(&x, t_s, &sensor) else {
                        continue;
                    };
                    let mut d = placed.p - problem.believed.anchors.get(anchor)?;
                    if problem.believed.horizontal {
                        d.z = 0.0;
                    }
                    errors[6 + anchor].push(d.norm() - range_m);
                }
            }
        }
        let least = own.len() / step / 2;
        let count: usize = errors.iter().map(Vec::len).sum();
        if count < least.max(10) {
            return None;
        }
        let spreads = errors.iter_mut().filter(|e| e.len() > 4).map(|e| {
            let middle = median(e);
            let (sigma, _) = spread(e.iter().map(|e| e - middle));
            sigma * e.len() as f64
        });
        Some(spreads.sum::<f64>() / count as f64)
    };
    if own.is_empty() || own.iter().any(|s| series(&s.seen) > 3) {
        return believed_s;
    }
    let steps = (REACH_S / STEP_S).round() as i32;
    let lags = (-steps..=steps).map(|k| believed_s + STEP_S * f64::from(k));
    let costs = lags.filter_map(|lag_s| Some((disagreement(lag_s)?, lag_s)));
    let best = costs.min_by(|a, b| a.0.total_cmp(&b.0));
    match (best, disagreement(believed_s)) {
        (Some((cost, lag_s)), Some(now)) if cost < BETTER * now => lag_s,
        (Some((_, lag_s)), None) => lag_s,
        _ => believed_s,
    }
}
