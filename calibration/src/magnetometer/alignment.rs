//! How a magnetometer's axes lie against those of the gyro.
//!
//! The Earth's field stands still, so in the sensor it turns against the body: over a short time `Δt`
//! ```text
//! R m₂ = ΔQᵀ R m₁,   ΔQ = ∫ ω dt (gyro, body 1 ← body 2)
//! r = R̂ E(φ) m₂ − ΔQᵀ R̂ E(φ) m₁,     ∂r/∂φ = −R̂ [m₂]× + ΔQᵀ R̂ [m₁]×     at φ = 0
//! ```
//! with unit vectors `m`. The start `R̂` is the best of the 24 ways to lay axes along axes, so axes may be
//! swapped or reversed. Pairs that hardly turn count for nothing; `R` shows about an axis only where the
//! turns' axes differ: all turns about one axis leave the rotation about the field that they share.
//!
//! Kok and Schön, "Magnetometer calibration using inertial sensors", IEEE Sensors Journal 2016.

use nalgebra::{Matrix3, Rotation3, UnitQuaternion, Vector3};
use wayfix_filter::math;

use crate::least_squares::{Options, Robust, Rows, Settling, Solution, SolveError, Unknown, solve};
use crate::parameter::{Observed, Parameter};
use crate::spread::spread;

/// Two looks at the field, and how the gyro turned between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turned {
    /// When \[s\].
    pub t_s: f64,
    /// Corrected field before, in the magnetometer's axes, of any length.
    pub before: Vector3<f64>,
    /// The same after.
    pub after: Vector3<f64>,
    /// The gyro's turn: takes vectors of its axes after to those before.
    pub turn: UnitQuaternion<f64>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// Takes magnetometer axes to the gyro's.
    pub rotation: UnitQuaternion<f64>,
    /// The start: axes along axes.
    pub start: UnitQuaternion<f64>,
    /// Rotation vector from the start to the rotation [rad], with sigmas.
    pub offset_rad: [Parameter; 3],
    /// Error of a pair, root mean square without the wild ones [rad].
    pub rms_rad: f64,
}

const PRIOR_RAD: f64 = 0.3;
/// Prior of what stays as it is.
const HELD_RAD: f64 = 1e-6;
const FIRST_SIGMA: f64 = 0.05;
const LEAST_SIGMA: f64 = 1e-4;
const SETTLING: Settling = Settling {
    share: 0.01,
    rounds: 10,
};
const PARTS: usize = 16;

/// The rotation between two sensors that turned together; `None` for no pairs.
///
/// # Errors
/// A fit that does not converge.
pub fn alignment(pairs: &[Turned]) -> Result<Option<Alignment>, SolveError> {
    let unit = |pair: &Turned| {
        let (before, after) = (
            pair.before.try_normalize(1e-9)?,
            pair.after.try_normalize(1e-9)?,
        );
        Some(Turned {
            before,
            after,
            ..*pair
        })
    };
    let pairs: Vec<Turned> = pairs.iter().filter_map(unit).collect();
    let error = |r: &Rotation3<f64>| {
        let one = |p: &Turned| (r * p.after - p.turn.inverse() * (r * p.before)).norm();
        // Sums of distances: a few disturbed pairs don't decide.
        pairs.iter().map(one).sum::<f64>()
    };
    let start = right_angles().min_by(|a, b| error(a).total_cmp(&error(b)));
    let Some(start) = start.filter(|_| !pairs.is_empty()) else {
        return Ok(None);
    };
    let mut unknowns = ["x", "y", "z"].map(|axis| Unknown::new(axis, 0.0, PRIOR_RAD));
    // Noise in the field is noise in the derivatives, and looks like turning: two units of information
    // a pair about each axis. What is shown has to have four times that.
    let believed_rad = 0.5 / (2.0 * pairs.len() as f64).sqrt();
    let options = Options {
        robust: Robust::StudentT { freedom: 4.0 },
        ..Options::default()
    };
    let measured = |found: &Solution, _: &[f64; 1]| {
        let errors = found.residuals.iter().map(|r| r.value);
        [spread(errors).0.max(LEAST_SIGMA)]
    };
    let fit = |unknowns: &[Unknown], first: f64| {
        let fit = |[sigma]: &[f64; 1]| {
            solve(unknowns, &options, |x, rows| {
                put(x, &start, &pairs, *sigma, rows);
            })
        };
        SETTLING.settle([first], fit, measured)
    };
    let (mut found, [mut rms_rad]) = fit(&unknowns, FIRST_SIGMA)?;
    let unbelieved = |p: &Parameter| p.sigma > believed_rad;
    if found.parameters.iter().any(unbelieved) {
        for (unknown, parameter) in unknowns.iter_mut().zip(&found.parameters) {
            if unbelieved(parameter) {
                unknown.prior_sigma = HELD_RAD;
            }
        }
        (found, [rms_rad]) = fit(&unknowns, rms_rad)?;
    }
    let told = |k: usize| {
        let mut parameter = found.parameters[k].clone();
        if unknowns[k].prior_sigma < PRIOR_RAD {
            parameter.sigma = PRIOR_RAD;
            parameter.observed = Observed::No;
            parameter.value = 0.0;
        }
        parameter
    };
    let [x, y, z] = [0, 1, 2].map(told);
    let offset = Vector3::new(x.value, y.value, z.value);
    let start = UnitQuaternion::from_rotation_matrix(&start);
    Ok(Some(Alignment {
        rotation: start * UnitQuaternion::from_scaled_axis(offset),
        start,
        offset_rad: [x, y, z],
        rms_rad,
    }))
}

/// The 24 rotations that lay axes along axes.
fn right_angles() -> impl Iterator<Item = Rotation3<f64>> {
    let signs = |k: u8, bit: u8| if k >> bit & 1 == 0 { 1.0 } else { -1.0 };
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    orders.into_iter().flat_map(move |order| {
        (0..8_u8).filter_map(move |k| {
            let mut matrix = Matrix3::zeros();
            for (row, column) in order.into_iter().enumerate() {
                matrix[(row, column)] = signs(k, row as u8);
            }
            (matrix.determinant() > 0.0).then(|| Rotation3::from_matrix_unchecked(matrix))
        })
    })
}

fn put(x: &[f64], start: &Rotation3<f64>, pairs: &[Turned], sigma: f64, rows: &mut Rows) {
    let offset = Vector3::new(x[0], x[1], x[2]);
    let small = Rotation3::from_scaled_axis(offset);
    // E(φ + δ) = E(φ) E(J δ), with J the right Jacobian of the rotation.
    let right = math::right_jacobian(&offset);
    let r = start * small;
    for (k, pair) in pairs.iter().enumerate() {
        let back = pair.turn.inverse().to_rotation_matrix();
        let error = r * pair.after - back * (r * pair.before);
        let jacobian = (r.matrix() * -pair.after.cross_matrix()
            + back.matrix() * r.matrix() * pair.before.cross_matrix())
            * right;
        rows.at(pair.t_s);
        rows.part(k * PARTS / pairs.len());
        let columns = [0, 1, 2].map(|of| (of, jacobian.column(of).into_owned().into()));
        rows.push_block(error.into(), [sigma; 3], &columns);
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::least_squares::jacobian_error;
    use crate::random::Random;

    /// A board that is turned about axes that change (or about z alone) in a field of its own.
    fn pairs(seed: u64, is_flat: bool, rotation: &UnitQuaternion<f64>) -> Vec<Turned> {
        let mut random = Random(seed);
        let field_n = Vector3::new(0.0, 0.4, -0.9);
        let mut q = UnitQuaternion::identity();
        let mut pairs = Vec::new();
        for k in 0..400 {
            let axis = Vector3::from_fn(|_, _| random.normal());
            let turn = match is_flat {
                true => Vector3::new(0.0, 0.0, 0.4),
                false => 0.2 * axis,
            };
            let turn = UnitQuaternion::from_scaled_axis(turn);
            let next = q * turn;
            let mut seen = |q: &UnitQuaternion<f64>| {
                let noise = Vector3::from_fn(|_, _| 0.01 * random.normal());
                rotation.inverse() * (q.inverse() * field_n) + noise
            };
            let (before, after) = (seen(&q), seen(&next));
            pairs.push(Turned {
                t_s: f64::from(k),
                before,
                after,
                turn,
            });
            q = next;
        }
        pairs
    }

    #[test]
    fn swapped_and_crooked_axes_are_found() {
        let crooked = UnitQuaternion::from_euler_angles(0.05, -0.1, 0.15);
        let swapped = UnitQuaternion::from_euler_angles(PI, 0.0, PI / 2.0);
        let mut squares = 0.0;
        for seed in 1..=10 {
            let truth = swapped * crooked;
            let found = alignment(&pairs(seed, false, &truth)).unwrap().unwrap();
            let error = (found.rotation.inverse() * truth).scaled_axis();
            for (parameter, error) in found.offset_rad.iter().zip(error.iter()) {
                assert_eq!(parameter.observed, Observed::Well);
                squares += (error / parameter.sigma).powi(2);
            }
            assert!(error.norm() < 0.01, "{error}");
        }
        println!("mean square {:.2}", squares / 30.0);
        assert!((0.2..1.8).contains(&(squares / 30.0)));
    }

    #[test]
    fn turns_about_one_axis_show_two_angles() {
        let found = alignment(&pairs(1, true, &UnitQuaternion::identity()))
            .unwrap()
            .unwrap();
        let observed = found.offset_rad.each_ref().map(|p| p.observed);
        assert_eq!(observed[2], Observed::No, "{:?}", found.offset_rad);
        assert_eq!(observed[0], Observed::Well);
        assert!(alignment(&[]).unwrap().is_none());
    }

    #[test]
    fn derivatives_are_those_of_the_model() {
        let truth = UnitQuaternion::from_euler_angles(0.1, 0.2, -0.1);
        let pairs = pairs(2, false, &truth);
        for x in [[0.0; 3], [1e-8, 0.0, 0.0], [0.3, -0.8, 0.5]] {
            let model = |x: &[f64], rows: &mut Rows| {
                put(x, &Rotation3::identity(), &pairs, 0.1, rows);
            };
            let error = jacobian_error(&x, &[1e-5; 3], model);
            assert!(error < 1e-7, "{error}");
        }
    }
}
