//! The drive in pieces, and how odometry and reference differ over each.

use wayfix_filter::Timestamp;

use super::fit::Drive;
use super::{Fit, Options, ReferencePose, WheelsError};
use crate::pose::{Pose2, wrap};

/// Segments begin so many times in the length of one.
pub(super) const OVERLAP: usize = 8;
/// Fewer independent segments than this are refused.
const NEEDED: usize = 5;
/// A piece of the drive.
pub(super) struct Segment {
    /// Row at its begin.
    pub from: usize,
    /// Row at its end.
    pub until: usize,
    /// The reference's motion.
    pub motion: Pose2,
}

/// The reference at the time of each encoder row, where it has one.
pub(super) fn interpolate(
    times: &[Timestamp],
    reference: &[ReferencePose],
    options: &Options,
) -> Result<Vec<Option<Pose2>>, WheelsError> {
    let backwards = |row: usize, what| WheelsError::OutOfOrder { what, row: row + 1 };
    if let Some(row) = times.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(backwards(row, "encoder"));
    }
    if let Some(row) = reference.windows(2).position(|pair| pair[1].t < pair[0].t) {
        return Err(backwards(row, "reference"));
    }
    let needed_s = options.segment_s * NEEDED as f64;
    let shared_s = match (times, reference) {
        ([first, .., last], [begin, .., end]) => last
            .min(&end.t)
            .seconds_since(*first.max(&begin.t))
            .max(0.0),
        _ => 0.0,
    };
    if shared_s < needed_s {
        return Err(WheelsError::TooShort { shared_s, needed_s });
    }
    Ok(times
        .iter()
        .map(|t| pose_at(*t, reference, options.reference_gap_s))
        .collect())
}

fn pose_at(t: Timestamp, reference: &[ReferencePose], gap_s: f64) -> Option<Pose2> {
    let next = reference.partition_point(|row| row.t < t);
    let after = reference.get(next)?;
    if after.t == t {
        return Some(after.pose);
    }
    let before = reference.get(next.checked_sub(1)?)?;
    let span_s = after.t.seconds_since(before.t);
    if span_s > gap_s {
        return None;
    }
    let share = t.seconds_since(before.t) / span_s;
    let (a, b) = (before.pose, after.pose);
    Some(Pose2 {
        x_m: a.x_m + share * (b.x_m - a.x_m),
        y_m: a.y_m + share * (b.y_m - a.y_m),
        yaw_rad: a.yaw_rad + share * wrap(b.yaw_rad - a.yaw_rad),
    })
}

/// Rows in a time, on average.
pub(super) fn rows_in(times: &[Timestamp], length_s: f64) -> f64 {
    match times {
        [first, .., last] if last > first => {
            length_s * (times.len() - 1) as f64 / last.seconds_since(*first)
        }
        _ => 1.0,
    }
}

/// Overlapping pieces of the drive whose both ends the reference saw.
pub(super) fn segments(
    times: &[Timestamp],
    at_rows: &[Option<Pose2>],
    options: &Options,
) -> Result<Vec<Segment>, WheelsError> {
    let mut segments = Vec::new();
    let mut begin = times.first().copied().unwrap_or_default();
    for (from, t) in times.iter().enumerate() {
        if *t < begin {
            continue;
        }
        let until = times.partition_point(|later| later.seconds_since(*t) < options.segment_s);
        if until >= times.len() {
            break;
        }
        begin = begin.shifted(options.segment_s / OVERLAP as f64);
        if let (Some(a), Some(b)) = (at_rows[from], at_rows[until]) {
            segments.push(Segment {
                from,
                until,
                motion: a.to(&b),
            });
        }
    }
    let needed = (NEEDED - 1) * OVERLAP;
    if segments.len() < needed {
        return Err(WheelsError::ReferenceGaps {
            segments: segments.len(),
            needed,
        });
    }
    Ok(segments)
}

/// The path of the reference point, from the origin.
fn path<D: Drive>(drive: &D, values: &[f64]) -> Vec<Pose2> {
    let mut pose = Pose2::default();
    let mut poses = vec![pose];
    for (distance_m, turn_rad) in drive.steps(values) {
        let (sin, cos) = (pose.yaw_rad + 0.5 * turn_rad).sin_cos();
        pose.x_m += distance_m * cos;
        pose.y_m += distance_m * sin;
        pose.yaw_rad += turn_rad;
        poses.push(pose);
    }
    poses
}

/// Position and heading error of each segment in sigmas, robust: with `z` the square of the three
/// together, soft-L1 counts `2 (√(1 + z) − 1)`.
pub(super) fn segment_residuals<D: Drive>(
    drive: &D,
    values: &[f64],
    segments: &[Segment],
    options: &Options,
) -> Vec<f64> {
    let (poses, sensor) = (path(drive, values), drive.sensor(values));
    let mut residuals = Vec::with_capacity(3 * segments.len());
    for segment in segments {
        let motion = poses[segment.from].to(&poses[segment.until]);
        let seen = sensor.to(&motion.compose(&sensor));
        let error = [
            (seen.x_m - segment.motion.x_m) / options.sigma_m,
            (seen.y_m - segment.motion.y_m) / options.sigma_m,
            wrap(seen.yaw_rad - segment.motion.yaw_rad) / options.sigma_rad,
        ];
        let z: f64 = error.iter().map(|e| e * e).sum();
        // 2 (√(1 + z) − 1) / z without the cancellation near zero.
        let weight = (2.0 / (1.0 + (1.0 + z).sqrt())).sqrt();
        residuals.extend(error.map(|e| weight * e));
    }
    residuals
}

/// Errors of the whole open-loop path, begun at the first row that has a reference.
fn errors<D: Drive>(drive: &D, values: &[f64], at_rows: &[Option<Pose2>]) -> Vec<[f64; 3]> {
    let (poses, sensor) = (path(drive, values), drive.sensor(values));
    let pairs: Vec<_> = poses
        .iter()
        .zip(at_rows)
        .filter_map(|(p, r)| r.map(|r| (p.compose(&sensor), r)))
        .collect();
    let Some((begin, truth)) = pairs.first() else {
        return Vec::new();
    };
    let error = |(seen, reference): &(Pose2, Pose2)| {
        let placed = truth.compose(&begin.to(seen));
        let yaw_rad = wrap(placed.yaw_rad - reference.yaw_rad);
        [
            placed.x_m - reference.x_m,
            placed.y_m - reference.y_m,
            yaw_rad,
        ]
    };
    pairs.iter().map(error).collect()
}

pub(super) fn whole_residuals<D: Drive>(
    drive: &D,
    values: &[f64],
    at_rows: &[Option<Pose2>],
    options: &Options,
) -> Vec<f64> {
    let scaled = |[x, y, yaw]: [f64; 3]| {
        [
            x / options.sigma_m,
            y / options.sigma_m,
            yaw / options.sigma_rad,
        ]
    };
    errors(drive, values, at_rows)
        .into_iter()
        .flat_map(scaled)
        .collect()
}

/// The whole path against the reference.
pub(super) fn open_loop<D: Drive>(drive: &D, values: &[f64], at_rows: &[Option<Pose2>]) -> Fit {
    let errors = errors(drive, values, at_rows);
    let mean = |of: &dyn Fn(&[f64; 3]) -> f64| {
        errors.iter().map(of).sum::<f64>() / errors.len().max(1) as f64
    };
    Fit {
        segments: 0,
        position_rms_m: mean(&|e| e[0] * e[0] + e[1] * e[1]).sqrt(),
        yaw_rms_rad: mean(&|e| e[2] * e[2]).sqrt(),
    }
}
