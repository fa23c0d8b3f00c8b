//! The filter alone, as a vehicle controller would call it: inertial samples carry it at 100 Hz,
//! ranges correct it, and each correction is reported. Nothing here allocates, and `wayfix_filter`
//! is all that it needs: replace the made-up readings by your drivers'.
//!
//! Run: `cargo run --example filter_loop`.

use nalgebra::Vector3;
use wayfix_filter::measurement::{Corrected, Range};
use wayfix_filter::motion::Strapdown;
use wayfix_filter::{
    Block, Filter, Judge, Nav, Parameter, ParameterId, Prior, Timestamp, Verdict, Weight,
};

/// 15 navigation states and room for 9 parameters.
const N: usize = 24;
const ANCHORS: [[f64; 3]; 4] = [
    [-10.0, -10.0, 4.0],
    [10.0, -10.0, 6.0],
    [10.0, 10.0, 4.0],
    [-10.0, 10.0, 6.0],
];
const TAG_B: [f64; 3] = [0.3, -0.2, 2.2];
/// What the ranges to the first anchor have too much; the filter does not know it.
const EXCESS_M: f64 = 0.15;
/// Radius and speed of the circle that is driven.
const RADIUS_M: f64 = 5.0;
const SPEED_MPS: f64 = 1.5;

fn main() {
    // Here it starts, and this sure it is.
    let mut filter = Filter::<N>::new(&Prior {
        t: Timestamp(0),
        nav: Nav {
            p_n: Vector3::new(RADIUS_M + 0.5, -0.3, 0.0),
            v_n: Vector3::new(0.0, SPEED_MPS, 0.0),
            q_nb: wayfix_filter::math::from_roll_pitch_yaw(0.0, 0.0, 1.5),
            ..Nav::default()
        },
        attitude_sigma_rad: Vector3::new(0.01, 0.01, 0.1),
        velocity_sigma_mps: Vector3::repeat(0.2),
        position_sigma_m: Vector3::repeat(0.5),
        gyro_bias_sigma_radps: 5e-3,
        accel_bias_sigma_mps2: 0.03,
    });
    // A measurement that only one in a thousand honest ones would exceed is refused.
    let judge = Judge::new(0.999, Weight::Huber { sigmas: 2.0 });
    let mut gated = 0;

    for tick in 1..=6000_i64 {
        let t = Timestamp(tick * 10_000_000);
        let yaw_rate_radps = SPEED_MPS / RADIUS_M;

        // 1. The inertial unit's sample carries the state to its time.
        let imu = Strapdown {
            gyro_radps: Vector3::new(0.0, 0.0, yaw_rate_radps + 0.003),
            accel_mps2: Vector3::new(0.0, SPEED_MPS * yaw_rate_radps, 9.80665),
            gyro_density: 2e-4,
            accel_density: 2e-3,
            gyro_walk: 1e-5,
            accel_walk: 1e-4,
            gravity_mps2: 9.80665,
        };
        filter.predict(&imu, t);

        // 2. Ten times a second a range corrects it.
        if tick % 10 == 0 {
            let anchor = (tick / 10 % 4) as usize;
            // Every 97th range is a reflection.
            let reflection_m = if tick / 10 % 97 == 0 { 6.0 } else { 0.0 };
            let bias = filter.parameter(ParameterId(anchor as u32), &Parameter::constant(0.1));
            let range = Range {
                p_na: Vector3::from(ANCHORS[anchor]),
                p_bt: Vector3::from(TAG_B),
                range_m: reading(t, anchor) + reflection_m,
                sigma_m: 0.05,
                scale: None,
                horizontal: false,
            };
            let report = filter.update(&Corrected::new(range).additive(0, bias), &judge);
            if report.verdict == Verdict::Gated {
                gated += 1;
                println!(
                    "{:5.1} s: anchor {anchor} refused, NIS {:.0} against {:.1}",
                    t.seconds(),
                    report.nis,
                    report.gate
                );
            }
        }

        // 3. The controller takes the estimate and how far to trust it.
        if tick % 1000 == 0 {
            let p = filter.covariance(Block::Position, Block::Position);
            let sigma_m = (p[(0, 0)] + p[(1, 1)]).sqrt();
            let error_m = (filter.nav().p_n - truth(t)).xy().norm();
            println!(
                "{:5.1} s: error {error_m:.3} m, sigma {sigma_m:.3} m",
                t.seconds()
            );
            // What a controller would do: stop when the estimate is not good enough for the aisle.
            assert!(filter.is_healthy() && sigma_m < 0.5);
            assert!(error_m < 4.0 * sigma_m + 0.05, "further off than it says");
        }
    }
    println!(
        "gyro bias {:.4} rad/s (0.003 was put in)",
        filter.nav().gyro_bias_b.z
    );
    for (id, value_m, sigma_m) in filter.parameters() {
        println!("anchor {}: bias {value_m:.3} ± {sigma_m:.3} m", id.0);
    }
    assert!(gated >= 6, "reflections are refused");
}

fn truth(t: Timestamp) -> Vector3<f64> {
    let angle = SPEED_MPS / RADIUS_M * t.seconds();
    Vector3::new(RADIUS_M * angle.cos(), RADIUS_M * angle.sin(), 0.0)
}

/// Stands for the radio: the true range and a ripple of a few centimetres.
fn reading(t: Timestamp, anchor: usize) -> f64 {
    let yaw = SPEED_MPS / RADIUS_M * t.seconds() + core::f64::consts::FRAC_PI_2;
    let q_nb = wayfix_filter::math::from_roll_pitch_yaw(0.0, 0.0, yaw);
    let true_m = (truth(t) + q_nb * Vector3::from(TAG_B) - Vector3::from(ANCHORS[anchor])).norm();
    let ripple_m = 0.04 * (t.seconds() * 37.0).sin();
    true_m + ripple_m + if anchor == 0 { EXCESS_M } else { 0.0 }
}
