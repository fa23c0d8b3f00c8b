//! Numerical check of a model's Jacobian, for the tests of every model.

use nalgebra::{SVector, Vector3};

use super::MeasurementModel;
use crate::math;
use crate::state::{Block, NAV, Nav, Slot, View};

/// Number of parameters that checked models may use; their slots are `slot(0)`..`slot(5)`.
pub const PARAMETERS: usize = 6;

/// The i-th test parameter.
pub fn slot(i: usize) -> Option<Slot> {
    assert!(i < PARAMETERS);
    Some(Slot((NAV + i) as u16))
}

/// States with large attitudes, speeds and rates.
pub fn states() -> impl Iterator<Item = Nav> {
    let angles = [0.0, 0.4, -1.3, 2.9];
    angles.into_iter().flat_map(move |a| {
        angles.into_iter().map(move |b| Nav {
            q_nb: math::from_roll_pitch_yaw(0.3 * a, 0.4 * b, a + b),
            v_n: Vector3::new(1.0 + a, -0.7, 0.3 * b),
            p_n: Vector3::new(2.0 - b, 1.0 + a, 0.4),
            gyro_bias_b: Vector3::new(0.01, -0.02, 0.03 * a),
            accel_bias_b: Vector3::new(0.1, 0.2 * b, -0.1),
            omega_b: Vector3::new(0.1 * a, -0.2, 0.5 * b),
            accel_n: Vector3::new(0.4, 0.2 * a, -0.3),
        })
    })
}

/// Asserts that H is the central difference of the residual through boxplus, at every state.
pub fn jacobian_matches<const M: usize>(model: &impl MeasurementModel<M>) {
    for nav in states() {
        jacobian_matches_at(model, &nav);
    }
}

/// The same at one state.
pub fn jacobian_matches_at<const M: usize>(model: &impl MeasurementModel<M>, nav: &Nav) {
    const STEP: f64 = 1e-6;
    let mut values = [0.0; NAV + PARAMETERS];
    for (i, v) in values.iter_mut().enumerate().skip(NAV) {
        *v = 0.02 * (i - NAV) as f64 + 0.01;
    }
    let at = |nav: &Nav, values: &[f64]| {
        model
            .linearise(&View {
                nav,
                parameters: values,
            })
            .expect("not degenerate here")
            .residual
    };
    let lin = model
        .linearise(&View {
            nav,
            parameters: &values,
        })
        .expect("not degenerate here");
    for index in 0..NAV + PARAMETERS {
        let (forward, backward) = if index < NAV {
            let mut delta = SVector::<f64, NAV>::zeros();
            delta[index] = STEP;
            (
                at(&nav.boxplus(&delta), &values),
                at(&nav.boxplus(&-delta), &values),
            )
        } else {
            let (mut up, mut down) = (values, values);
            up[index] += STEP;
            down[index] -= STEP;
            (at(nav, &up), at(nav, &down))
        };
        // residual = z ⊟ h, so ∂h = −∂residual; angle residuals may wrap between the two.
        let numeric = -(forward - backward).map(wrap_if_angle) / (2.0 * STEP);
        let analytic = column(&lin.h, index);
        assert!(
            (numeric - analytic).norm()
                < 2e-6 * (1.0 + analytic.norm())
                    + 2e-5 * f64::from(u8::from(analytic.norm() > 50.0)) * analytic.norm(),
            "column {index}: numeric {numeric:?}, analytic {analytic:?} at {nav:?}"
        );
    }
}

fn wrap_if_angle(difference: f64) -> f64 {
    if difference.abs() > 3.0 {
        math::wrap_angle(difference)
    } else {
        difference
    }
}

fn column<const M: usize>(h: &super::Jacobian<M>, index: usize) -> SVector<f64, M> {
    if index >= NAV {
        let found = h.parameters().iter().find(|(s, _)| s.index() == index);
        return found.map_or_else(SVector::zeros, |(_, c)| *c);
    }
    let block = Block::ALL[index / 3];
    h.block(block)
        .map_or_else(SVector::zeros, |m| m.column(index % 3).into_owned())
}
