//! Scale and bias of an accelerometer from rests in several orientations.
//!
//! ```text
//! u = diag(1/s) (f − b),   r = |u| − g
//! ∂r/∂s_i = −u_i² / (|u| s_i),   ∂r/∂b_i = −u_i / (|u| s_i)
//! ```
//! At rest the specific force is gravity whatever the orientation, so no orientation has to be known or
//! exact; six with each axis up and down once show all six parameters best. Assumes axes at right
//! angles. Degenerate: an axis that was never up *and* down shows scale and bias as a sum or not at all.
//!
//! Tedaldi et al., "A robust and easy to implement method for IMU calibration", ICRA 2014.

use nalgebra::Vector3;

use super::{ImuError, ImuSample, Stretch};
use crate::least_squares::{Options, Rows, Solution, Unknown, solve};
use crate::parameter::Parameter;

/// Least orientations, and how far apart two of them are \[rad\].
const NEEDED: usize = 3;
const APART_RAD: f64 = 0.3;
/// A rest counts from this length \[s\].
const LEAST_REST_S: f64 = 1.0;
/// Prior sigmas of scale and bias.
const SCALE_PRIOR: f64 = 0.05;
const BIAS_PRIOR_MPS2: f64 = 0.5;
/// What even a long rest leaves: cross-axis errors, sag of what it lies on \[m/s²\].
const FLOOR_MPS2: f64 = 0.003;
/// An axis counts as up or down within about 45 deg.
const UPRIGHT: f64 = 0.7;

/// The mean of a rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rest {
    /// When it began \[s\].
    pub t_s: f64,
    /// Mean specific force \[m/s²\].
    pub force_mps2: Vector3<f64>,
    /// Sigma of its norm \[m/s²\].
    pub sigma_mps2: f64,
}

/// Scale and bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Positions {
    /// Scale of x, y, z: measured = scale · true + bias.
    pub scales: [Parameter; 3],
    /// Bias of x, y, z \[m/s²\].
    pub biases_mps2: [Parameter; 3],
    /// The rests.
    pub rests: Vec<Rest>,
    /// Error of the norm over all rests, root mean square, as measured and as corrected \[m/s²\].
    pub rms_mps2: (f64, f64),
    /// Orientations that no rest has: `x up`, `z down`.
    pub missing: Vec<&'static str>,
    /// The two that are told apart least.
    pub correlation: (f64, String, String),
}

/// Fits scale and bias to the rests of a log.
///
/// # Errors
/// No specific force, or too few orientations.
pub fn positions(
    samples: &[ImuSample],
    stretches: &[Stretch],
    gravity_mps2: f64,
) -> Result<Positions, ImuError> {
    if samples.iter().all(|s| s.accel_mps2.is_none()) {
        return Err(ImuError::NoAccelerometer);
    }
    let rests: Vec<Rest> = (stretches.iter())
        .filter_map(|stretch| Rest::of(samples, stretch))
        .collect();
    let mut apart: Vec<Vector3<f64>> = Vec::new();
    for rest in &rests {
        if apart
            .iter()
            .all(|other| rest.force_mps2.angle(other) > APART_RAD)
        {
            apart.push(rest.force_mps2);
        }
    }
    if apart.len() < NEEDED {
        return Err(ImuError::TooFewRests {
            rests: apart.len(),
            needed: NEEDED,
        });
    }
    let solution = fit(&rests, gravity_mps2)?;
    let x = solution.x();
    let rms = |x: &[f64]| {
        let errors = rests
            .iter()
            .map(|rest| corrected(x, rest).norm() - gravity_mps2);
        (errors.map(|e| e * e).sum::<f64>() / rests.len() as f64).sqrt()
    };
    let of = |k: usize| solution.parameters[k].clone();
    let names = [["x up", "x down"], ["y up", "y down"], ["z up", "z down"]];
    let has = |axis: usize, sign: f64| {
        let share = |rest: &Rest| sign * rest.force_mps2[axis] / rest.force_mps2.norm();
        rests.iter().any(|rest| share(rest) > UPRIGHT)
    };
    let missing = (0..3).flat_map(|axis| {
        let named = [(1.0, names[axis][0]), (-1.0, names[axis][1])];
        named.into_iter().filter(move |(sign, _)| !has(axis, *sign))
    });
    Ok(Positions {
        scales: [of(0), of(1), of(2)],
        biases_mps2: [of(3), of(4), of(5)],
        rms_mps2: (rms(&[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]), rms(&x)),
        missing: missing.map(|(_, name)| name).collect(),
        correlation: solution.correlation,
        rests,
    })
}

impl Rest {
    fn of(samples: &[ImuSample], stretch: &Stretch) -> Option<Self> {
        let rows = samples.get(stretch.rows.clone())?;
        let (first, last) = rows.first().zip(rows.last())?;
        if last.t_s - first.t_s < LEAST_REST_S {
            return None;
        }
        let forces: Vec<Vector3<f64>> = rows.iter().filter_map(|s| s.accel_mps2).collect();
        let count = forces.len() as f64;
        let mean = forces.iter().sum::<Vector3<f64>>() / count;
        let squares: f64 = forces.iter().map(|f| (f - mean).norm_squared()).sum();
        (!forces.is_empty()).then_some(Self {
            t_s: first.t_s,
            force_mps2: mean,
            sigma_mps2: (squares / (3.0 * count * count)).sqrt().hypot(FLOOR_MPS2),
        })
    }
}

fn corrected(x: &[f64], rest: &Rest) -> Vector3<f64> {
    Vector3::from_fn(|axis, _| (rest.force_mps2[axis] - x[3 + axis]) / x[axis])
}

fn put(x: &[f64], rests: &[Rest], gravity_mps2: f64, rows: &mut Rows) {
    for rest in rests {
        let u = corrected(x, rest);
        let norm = u.norm();
        let mut derivatives = [(0, 0.0); 6];
        for axis in 0..3 {
            derivatives[axis] = (axis, -u[axis] * u[axis] / (norm * x[axis]));
            derivatives[3 + axis] = (3 + axis, -u[axis] / (norm * x[axis]));
        }
        rows.at(rest.t_s);
        rows.push(norm - gravity_mps2, rest.sigma_mps2, &derivatives);
    }
}

fn fit(rests: &[Rest], gravity_mps2: f64) -> Result<Solution, ImuError> {
    let axes = ["x", "y", "z"];
    let scales = axes.map(|axis| Unknown::new(format!("scale {axis}"), 1.0, SCALE_PRIOR));
    let biases = axes.map(|axis| Unknown::new(format!("bias {axis}"), 0.0, BIAS_PRIOR_MPS2));
    let unknowns = [scales, biases].concat();
    let solution = solve(&unknowns, &Options::default(), |x, rows| {
        put(x, rests, gravity_mps2, rows);
    })?;
    Ok(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imu::rests;
    use crate::least_squares::jacobian_error;
    use crate::parameter::Observed;
    use crate::random::Random;

    const SCALES: [f64; 3] = [1.02, 0.985, 1.004];
    const BIASES: [f64; 3] = [0.12, -0.2, 0.05];
    const G: f64 = 9.80665;

    /// Five seconds in each orientation, about as a hand lays it down, and a turn between.
    fn log(seed: u64, orientations: &[[f64; 3]]) -> Vec<ImuSample> {
        let mut random = Random(seed);
        let mut samples = Vec::new();
        for up in orientations {
            let tilt = Vector3::from_fn(|_, _| 0.05 * random.normal());
            let up = (Vector3::from(*up) + tilt).normalize();
            for k in 0..700 {
                let noise = Vector3::from_fn(|_, _| random.normal());
                let rate = if k < 100 { 1.0 } else { 0.0 };
                let force = Vector3::from_fn(|i, _| SCALES[i] * G * up[i] + BIASES[i]);
                samples.push(ImuSample {
                    t_s: 0.01 * samples.len() as f64,
                    gyro_radps: Vector3::new(rate, 0.003, 0.0) + 2e-3 * noise,
                    accel_mps2: Some(force + 0.03 * noise),
                });
            }
        }
        samples
    }

    const SIX: [[f64; 3]; 6] = [
        [1.0, 0.0, 0.0],
        [-1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, -1.0, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 0.0, -1.0],
    ];

    fn found(samples: &[ImuSample]) -> Result<Positions, ImuError> {
        positions(samples, &rests(samples)?, G)
    }

    #[test]
    fn six_positions_show_everything() {
        let (mut squares, mut count) = (0.0, 0.0);
        for seed in 1..=10 {
            let found = found(&log(seed, &SIX)).unwrap();
            assert_eq!((found.rests.len(), found.missing.len()), (6, 0));
            let truth = SCALES.iter().chain(&BIASES);
            for (parameter, truth) in found.scales.iter().chain(&found.biases_mps2).zip(truth) {
                assert_eq!(parameter.observed, Observed::Well, "{parameter:?}");
                let error = (parameter.value - truth) / parameter.sigma;
                assert!(error.abs() < 3.5, "{parameter:?} is {truth}");
                squares += error * error;
                count += 1.0;
            }
            assert!(found.rms_mps2.0 > 0.1 && found.rms_mps2.1 < 0.01);
        }
        // The floor that stands for what a simulation does not have makes them cautious.
        println!("mean square {:.2}", squares / count);
        assert!(squares / count < 1.3);
    }

    #[test]
    fn what_was_never_up_and_down_is_not_shown() {
        let some = [SIX[0], SIX[1], SIX[4], SIX[4], SIX[2]];
        let found = found(&log(3, &some)).unwrap();
        assert_eq!(found.missing, ["y down", "z down"]);
        assert_eq!(found.biases_mps2[0].observed, Observed::Well);
        assert_ne!(found.biases_mps2[2].observed, Observed::Well);
    }

    #[test]
    fn one_orientation_is_refused() {
        let error = found(&log(1, &SIX[4..5])).unwrap_err();
        assert_eq!(
            error,
            ImuError::TooFewRests {
                rests: 1,
                needed: 3
            }
        );
    }

    #[test]
    fn derivatives_are_those_of_the_model() {
        let samples = log(2, &SIX);
        let rests: Vec<Rest> = rests(&samples)
            .unwrap()
            .iter()
            .filter_map(|stretch| Rest::of(&samples, stretch))
            .collect();
        let x = [1.01, 0.99, 1.02, 0.1, 0.2, -0.1];
        let error = jacobian_error(&x, &[1e-5; 6], |x, rows| put(x, &rests, G, rows));
        assert!(error < 1e-7, "{error}");
    }
}
