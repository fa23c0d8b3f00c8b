//! From readings to the rows of a fit, through the geometry as vehicle.toml has it: distances along
//! the wheels and steering angles as they are believed to be, as whole numbers of [`UNIT`]. So the
//! fit finds factors on what vehicle.toml says, whatever form the readings have.

use wayfix_calibration::wheels::{DifferentialTicks, TricycleTicks, unrolled};
use wayfix_filter::Timestamp;

use super::collect::Wheels;
use crate::config::source::WheelsSource;

/// A count of the fit \[m\], [rad].
pub(super) const UNIT: f64 = 1e-7;
/// Width of counters that don't roll over.
pub(super) const ENDLESS_BITS: u32 = 62;
/// Longest gap of steering readings across which they are interpolated \[s\].
const STEERING_GAP_S: f64 = 0.5;

/// A row of wheel readings.
pub(super) struct Row {
    pub t: Timestamp,
    /// Way of each wheel since the first row, as believed \[m\].
    pub way_m: Vec<f64>,
    /// Steering count that came with it.
    pub steering: Option<i64>,
}

/// The ways of the wheels, with counters of `bits` bits.
pub(super) fn rows(config: &WheelsSource, readings: &[(Timestamp, Wheels)], bits: u32) -> Vec<Row> {
    let count = config.wheels.len();
    let ticks = |reading: &(Timestamp, Wheels)| match reading {
        (t, Wheels::Ticks(ticks, steering)) if ticks.as_slice().len() == count => {
            Some((*t, *ticks, *steering))
        }
        _ => None,
    };
    let ticks: Vec<_> = readings.iter().filter_map(ticks).collect();
    if ticks.is_empty() {
        return speeds(config, readings);
    }
    let of_wheel = |wheel: usize| {
        let counts = ticks
            .iter()
            .map(|(t, ticks, _)| (*t, ticks.as_slice()[wheel]));
        let scale = config.metres_per_tick * scale(config, wheel);
        let ways = unrolled(counts, bits).into_iter();
        ways.map(move |count| count as f64 * scale)
            .collect::<Vec<_>>()
    };
    let ways: Vec<Vec<f64>> = (0..count).map(of_wheel).collect();
    let row = |(k, (t, _, steering)): (usize, &(Timestamp, _, Option<i64>))| Row {
        t: *t,
        way_m: ways.iter().map(|way| way[k]).collect(),
        steering: *steering,
    };
    ticks.iter().enumerate().map(row).collect()
}

/// Ways from speeds, each stretch with the mean of the speeds at its ends.
fn speeds(config: &WheelsSource, readings: &[(Timestamp, Wheels)]) -> Vec<Row> {
    let count = config.wheels.len();
    let mut way_m = vec![0.0; count];
    let mut before: Option<(Timestamp, &[f64])> = None;
    let mut rows = Vec::new();
    for (t, reading) in readings {
        let Wheels::Speeds(speeds) = reading else {
            continue;
        };
        let speeds = speeds.as_slice();
        if speeds.len() != count {
            continue;
        }
        if let Some((last, was)) = before.replace((*t, speeds)) {
            let dt_s = t.seconds_since(last);
            for (wheel, way) in way_m.iter_mut().enumerate() {
                *way += 0.5 * (speeds[wheel] + was[wheel]) * dt_s * scale(config, wheel);
            }
        }
        let way_m = way_m.clone();
        rows.push(Row {
            t: *t,
            way_m,
            steering: None,
        });
    }
    rows
}

fn scale(config: &WheelsSource, wheel: usize) -> f64 {
    config.scale * config.wheel_scales.get(wheel).copied().unwrap_or(1.0)
}

fn counts(value: f64) -> i64 {
    (value / UNIT).round() as i64
}

/// Rows of a steered vehicle: the mean way of `wheels`, and the angle at each row's time.
pub(super) fn steered(
    rows: &[Row],
    wheels: &[usize],
    angle_rad: impl Fn(&Row) -> Option<f64>,
) -> Vec<TricycleTicks> {
    let row = |row: &Row| {
        let way_m = wheels.iter().map(|k| row.way_m[*k]).sum::<f64>() / wheels.len() as f64;
        Some(TricycleTicks {
            t: row.t,
            traction: counts(way_m),
            steering: counts(angle_rad(row)?),
        })
    };
    rows.iter().filter_map(row).collect()
}

/// Rows of a differential drive: the ways of its left and its right wheel.
pub(super) fn differential(rows: &[Row], [left, right]: [usize; 2]) -> Vec<DifferentialTicks> {
    let row = |row: &Row| DifferentialTicks {
        t: row.t,
        left: counts(row.way_m[left]),
        right: counts(row.way_m[right]),
    };
    rows.iter().map(row).collect()
}

/// A steering reading at a time, between two that are close enough.
pub(super) fn angle_at(readings: &[(Timestamp, f64)], t: Timestamp) -> Option<f64> {
    let next = readings.partition_point(|(at, _)| *at < t);
    let (after, to) = readings.get(next)?;
    if *after == t {
        return Some(*to);
    }
    let (before, from) = readings.get(next.checked_sub(1)?)?;
    let span_s = after.seconds_since(*before);
    let share = t.seconds_since(*before) / span_s;
    (span_s <= STEERING_GAP_S).then(|| from + share * (to - from))
}

#[cfg(test)]
mod tests {
    use wayfix_sensors::sample::PerWheel;

    use super::*;
    use crate::config::source::WheelPlace;

    #[test]
    fn counts_and_speeds_of_one_drive_are_the_same_way() {
        let config = WheelsSource {
            wheels: vec![WheelPlace::RearLeft, WheelPlace::RearRight],
            wheel_scales: vec![1.0, -1.0],
            metres_per_tick: 0.01,
            scale: 2.0,
            ..WheelsSource::default()
        };
        let t = |k: i64| Timestamp(k * 100_000_000);
        let counts: Vec<_> = [[250, 6], [252, 4], [0, 0]]
            .iter()
            .zip(0..)
            .map(|(ticks, k)| (t(k), Wheels::Ticks(PerWheel::new(ticks).unwrap(), None)))
            .collect();
        let speeds: Vec<_> = (0..3)
            .map(|k| (t(k), Wheels::Speeds(PerWheel::new(&[0.3, -0.3]).unwrap())))
            .collect();
        let ways = |readings: &[_]| -> Vec<Vec<f64>> {
            let rows = rows(&config, readings, 8).into_iter();
            rows.map(|row| row.way_m).collect()
        };
        let by_counts = ways(&counts);
        assert!((by_counts[2][0] - 0.12).abs() < 1e-9 && (by_counts[2][1] - 0.12).abs() < 1e-9);
        let by_speeds = ways(&speeds);
        assert!((by_speeds[2][0] - 0.12).abs() < 1e-9 && (by_speeds[2][1] - 0.12).abs() < 1e-9);
    }

    #[test]
    fn steering_is_not_invented_across_gaps() {
        let readings = [(0.0, 0.1), (0.2, 0.3), (1.2, 0.5)];
        let readings = readings.map(|(t, a)| (Timestamp::from_seconds(t), a));
        let at = |t| angle_at(&readings, Timestamp::from_seconds(t));
        assert!((at(0.1).unwrap() - 0.2).abs() < 1e-9);
        assert_eq!((at(0.2), at(0.7), at(1.3)), (Some(0.3), None, None));
    }
}
