//! Where an inertial unit was at rest.
//!
//! The log is cut into windows of a second. One is at rest where the gyro's mean is that of most
//! windows within [`TURNING_RADPS`], and gyro and accelerometer scatter little: by an absolute bound that a
//! running motor stays within, and by no more than [`LOUDER`] times the quietest tenth of the windows.
//! A second at either end of a rest is left out: it is where the hand lets go.

use std::ops::Range;

use nalgebra::Vector3;

use super::{ImuError, ImuSample, checked};
use crate::spread::median;

const WINDOW_S: f64 = 1.0;
/// Mean rate beyond the usual at which it turns \[rad/s\].
const TURNING_RADPS: f64 = 0.01;
/// Scatter of a unit that is not at rest, whatever it is mounted on \[rad/s\], \[m/s²\].
const SHAKEN_RADPS: f64 = 0.1;
const SHAKEN_MPS2: f64 = 1.0;
/// Scatter against that of the quietest windows.
const LOUDER: f64 = 3.0;
/// The mean specific force of a rest stays within this \[m/s²\].
const TILTING_MPS2: f64 = 0.1;
/// Samples of a window, at least.
const LEAST_SAMPLES: usize = 5;
/// A gap is a step of more than this many usual steps.
const GAP_STEPS: f64 = 1.8;

/// A rest, as rows of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Rows, all evenly spaced.
    pub rows: Range<usize>,
}

struct Window {
    rows: Range<usize>,
    gyro_radps: Vector3<f64>,
    gyro_scatter: f64,
    accel_mps2: Option<Vector3<f64>>,
    accel_scatter: f64,
}

/// All rests, in the order of the log.
///
/// # Errors
/// Samples out of order.
pub fn rests(samples: &[ImuSample]) -> Result<Vec<Stretch>, ImuError> {
    checked(samples)?;
    let mut steps: Vec<f64> = samples.windows(2).map(|p| p[1].t_s - p[0].t_s).collect();
    let step_s = median(&mut steps);
    if step_s <= 0.0 {
        return Ok(Vec::new());
    }
    let windows = windows(samples, step_s);
    let bias = Vector3::from_fn(|axis, _| {
        let mut means: Vec<f64> = windows.iter().map(|w| w.gyro_radps[axis]).collect();
        median(&mut means)
    });
    let quiet = |scatter: fn(&Window) -> f64| {
        let mut scatters: Vec<f64> = windows.iter().map(scatter).collect();
        scatters.sort_by(f64::total_cmp);
        scatters.get(scatters.len() / 10).copied().unwrap_or(0.0)
    };
    let gyro_limit = (LOUDER * quiet(|w| w.gyro_scatter)).clamp(1e-6, SHAKEN_RADPS);
    let accel_limit = (LOUDER * quiet(|w| w.accel_scatter)).clamp(1e-6, SHAKEN_MPS2);
    let is_at_rest = |w: &Window| {
        (w.gyro_radps - bias).amax() < TURNING_RADPS
            && w.gyro_scatter <= gyro_limit
            && w.accel_scatter <= accel_limit
    };
    let mut rests: Vec<Vec<&Window>> = Vec::new();
    let mut is_open = false;
    for window in &windows {
        if !is_at_rest(window) {
            is_open = false;
            continue;
        }
        let follows = |rest: &&mut Vec<&Window>| {
            let (Some(first), Some(last)) = (rest.first(), rest.last()) else {
                return false;
            };
            let tilt = first.accel_mps2.zip(window.accel_mps2);
            last.rows.end == window.rows.start
                && tilt.is_none_or(|(a, b)| (a - b).norm() < TILTING_MPS2)
        };
        match rests.last_mut().filter(|_| is_open).filter(follows) {
            Some(rest) => rest.push(window),
            None => rests.push(vec![window]),
        }
        is_open = true;
    }
    let trimmed = rests.into_iter().filter_map(|rest| {
        let inner = rest.get(1..rest.len().checked_sub(1)?)?;
        let (first, last) = inner.first().zip(inner.last())?;
        Some(Stretch {
            rows: first.rows.start..last.rows.end,
        })
    });
    Ok(trimmed.collect())
}

fn windows(samples: &[ImuSample], step_s: f64) -> Vec<Window> {
    let size = ((WINDOW_S / step_s).round() as usize).max(LEAST_SAMPLES);
    let mut windows = Vec::new();
    let mut start = 0;
    for row in 1..=samples.len() {
        let is_gap = |row: usize| samples[row].t_s - samples[row - 1].t_s > GAP_STEPS * step_s;
        if row < samples.len() && is_gap(row) {
            start = row;
        } else if row - start == size {
            windows.push(Window::of(samples, start..row));
            start = row;
        }
    }
    windows
}

impl Window {
    fn of(samples: &[ImuSample], rows: Range<usize>) -> Self {
        let of = |value: &dyn Fn(&ImuSample) -> Option<Vector3<f64>>| {
            let values: Vec<_> = samples[rows.clone()].iter().filter_map(value).collect();
            let count = values.len() as f64;
            let mean = values.iter().sum::<Vector3<f64>>() / count;
            let squares: f64 = values.iter().map(|v| (v - mean).norm_squared()).sum();
            (values.len() == rows.len()).then_some((mean, (squares / count).sqrt()))
        };
        let (gyro_radps, gyro_scatter) = of(&|s| Some(s.gyro_radps)).unwrap_or_default();
        let accel = of(&|s| s.accel_mps2);
        Self {
            rows,
            gyro_radps,
            gyro_scatter,
            accel_mps2: accel.map(|(mean, _)| mean),
            accel_scatter: accel.map_or(0.0, |(_, scatter)| scatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn rests_between_turns_are_found() {
        let mut random = Random(1);
        let mut samples = Vec::new();
        for k in 0..6000 {
            let t_s = 0.01 * f64::from(k);
            // Twenty seconds each: at rest, turning, at rest again but on its side.
            let (rate, force) = match k / 2000 {
                0 => (0.0, Vector3::z()),
                1 => (1.0, Vector3::z()),
                _ => (0.0, Vector3::x()),
            };
            let noise = Vector3::from_fn(|_, _| random.normal());
            samples.push(ImuSample {
                t_s,
                gyro_radps: Vector3::new(rate, 0.0, 0.004) + 1e-3 * noise,
                accel_mps2: Some(9.8 * force + 0.02 * noise),
            });
        }
        let found = rests(&samples).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].rows.start >= 50 && found[0].rows.end <= 1950);
        assert!(found[1].rows.start >= 4050 && found[1].rows.len() > 1500);
        // Shaken all the time: no rest, however even.
        for sample in &mut samples {
            sample.accel_mps2 = Some(Vector3::from_fn(|_, _| 5.0 * random.normal()));
        }
        assert_eq!(rests(&samples).unwrap(), []);
    }

    #[test]
    fn gaps_end_a_rest() {
        let at = |k: i32| ImuSample {
            t_s: 0.01 * f64::from(k) + if k < 1000 { 0.0 } else { 3.0 },
            gyro_radps: Vector3::zeros(),
            accel_mps2: None,
        };
        let samples: Vec<ImuSample> = (0..2000).map(at).collect();
        let found = rests(&samples).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|rest| rest.rows.len() >= 700));
    }
}
