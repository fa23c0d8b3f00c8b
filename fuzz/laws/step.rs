//! The engine's step: after any samples the estimate is finite, its covariance one, and the
//! protection level a number or infinite.

use nalgebra::{Matrix3, SMatrix};
use wayfix::config::{Site, Vehicle, site_from_str, vehicle_from_str};
use wayfix::engine::{Engine, Estimate, Outputs, STATES};
use wayfix_sensors::Timestamp;

use super::bytes::Bytes;
use super::files::{SITE, VEHICLES};
use super::reading::sample;

/// Rounding, as a share of the variances. An update takes a variance down to 1e-10 of itself at most
/// (the filter's floor of R), which leaves 1e-6 of what was 1e-16; a few of these come together.
const ROUNDING: f64 = 1e-5;

/// One of the fixed pairs of files.
pub fn pair(which: usize) -> (Site, Vehicle) {
    let vehicle = vehicle_from_str("vehicle.toml", VEHICLES[which % VEHICLES.len()]);
    let site = site_from_str("site.toml", SITE).unwrap().value;
    (site, vehicle.unwrap().value)
}

pub fn step(choices: &[u8]) {
    let mut bytes = Bytes(choices);
    let (site, vehicle) = pair(usize::from(bytes.byte()));
    let mut engine = Engine::new(&site, &vehicle).unwrap();
    let (mut outputs, mut t) = (Outputs::default(), Timestamp(0));
    let (mut count, mut reports) = (0, 0);
    while !bytes.is_over() {
        let sample = sample(&mut bytes, &mut t);
        engine.step(&sample, &mut outputs);
        count += 1;
        reports += outputs.reports.len();
        if let Some(estimate) = engine.estimate() {
            assert_sound(&estimate, &format!("sample {count}: {sample:?}"));
        }
        // Carried on, and looked back at.
        for other in [t.shifted(1.0), t.shifted(-0.2)] {
            if let Some(estimate) = engine.estimate_at(other) {
                assert_sound(&estimate, "at another time");
            }
        }
    }
    engine.finish(&mut outputs);
    assert_eq!(
        reports + outputs.reports.len(),
        count,
        "each sample has its report"
    );
    assert_covariance(&engine);
}

pub fn assert_sound(estimate: &Estimate, when: &str) {
    let vectors = [estimate.p_n, estimate.v_n, estimate.q_nb.imag()];
    let mut numbers = vectors.iter().flat_map(|v| v.iter());
    assert!(numbers.all(|x| x.is_finite()), "{when}: {estimate:?}");
    for covariance in [
        estimate.position_covariance,
        estimate.velocity_covariance,
        estimate.attitude_covariance,
    ] {
        assert!(is_semidefinite(&covariance), "{when}: {estimate:?}");
    }
    let level = &estimate.protection;
    for level_m in [level.horizontal_m, level.vertical_m] {
        assert!(level_m >= 0.0, "{when}: {level:?}");
    }
}

fn is_semidefinite(p: &Matrix3<f64>) -> bool {
    let scale = p.amax();
    let scaled = p / scale.max(f64::MIN_POSITIVE);
    p.iter().all(|x| x.is_finite()) && scaled.symmetric_eigenvalues().min() >= -ROUNDING
}

/// The whole covariance, as correlations so that units don't matter, is positive semidefinite.
pub fn assert_covariance(engine: &Engine) {
    let Some(filter) = engine.filter() else {
        return;
    };
    assert!(filter.is_healthy(), "{filter:?}");
    let n = filter.len();
    let sigma = |i: usize| filter.variance(i).sqrt();
    let correlation = SMatrix::<f64, STATES, STATES>::from_fn(|i, j| {
        let product = if i < n && j < n {
            sigma(i) * sigma(j)
        } else {
            0.0
        };
        let rounding = if i == j { ROUNDING } else { 0.0 };
        match product > 0.0 {
            true => filter.cross(i, j) / product + rounding,
            false => f64::from(u8::from(i == j)),
        }
    });
    assert!(correlation.cholesky().is_some(), "{filter:?}");
}
