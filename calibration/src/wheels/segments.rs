//! The drive in pieces, and how odometry and reference differ over each.

use std::ops::Range;

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

impl Segment {
    /// Shares no motion with these rows.
    pub(super) fn is_apart(&self, rows: &Range<usize>) -> bool {
        self.until <= rows.start || rows.end <= self.from
    }
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
pub(super) fn path<D: Drive>(drive: &D, values: &[f64]) -> Vec<Pose2> {
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

/// Error of a pose: x, y \[m\], heading [rad].
pub(super) type Error = [f64; 3];

fn error(seen: &Pose2, reference: &Pose2) -> Error {
    [
        seen.x_m - reference.x_m,
        seen.y_m - reference.y_m,
        wrap(seen.yaw_rad - reference.yaw_rad),
    ]
}

/// Error at the end of each segment, begun at the reference.
pub(super) fn segment_errors<'a>(
    poses: &[Pose2],
    sensor: &Pose2,
    segments: impl Iterator<Item = &'a Segment>,
) -> impl Iterator<Item = Error> {
    segments.map(|segment| {
        let motion = poses[segment.from].to(&poses[segment.until]);
        error(&sensor.to(&motion.compose(sensor)), &segment.motion)
    })
}

/// Errors of the whole open-loop path at rows that have a reference, begun at the first of them.
pub(super) fn path_errors(
    poses: &[Pose2],
    sensor: &Pose2,
    at_rows: impl Iterator<Item = (usize, Pose2)>,
) -> impl Iterator<Item = Error> {
    let mut origin: Option<Pose2> = None;
    at_rows.map(move |(row, reference)| {
        let seen = poses[row].compose(sensor);
        let origin = origin.get_or_insert_with(|| reference.compose(&seen.inverse()));
        error(&origin.compose(&seen), &reference)
    })
}

/// Root mean squares of position \[m\] and heading [rad].
pub(super) fn rms(errors: impl Iterator<Item = Error>) -> (f64, f64) {
    let (position, yaw, count) = errors.fold((0.0, 0.0, 0.0_f64), |(p, w, n), [x, y, yaw]| {
        (p + x * x + y * y, w + yaw * yaw, n + 1.0)
    });
    (
        (position / count.max(1.0)).sqrt(),
        (yaw / count.max(1.0)).sqrt(),
    )
}

/// How well a drive with these parameters follows the reference.
pub(super) fn follow<D: Drive>(
    drive: &D,
    values: &[f64],
    segments: &[Segment],
    at_rows: &[Option<Pose2>],
) -> Fit {
    let (poses, sensor) = (path(drive, values), drive.sensor(values));
    let seen = at_rows
        .iter()
        .enumerate()
        .filter_map(|(k, r)| Some((k, (*r)?)));
    let (position_rms_m, yaw_rms_rad) = rms(path_errors(&poses, &sensor, seen));
    let (segment_position_rms_m, segment_yaw_rms_rad) =
        rms(segment_errors(&poses, &sensor, segments.iter()));
    Fit {
        segments: segments.len(),
        position_rms_m,
        yaw_rms_rad,
        segment_position_rms_m,
        segment_yaw_rms_rad,
    }
}
