//! The simulated truth against itself: derivatives, and what an ideal IMU makes of it.

use nalgebra::{UnitQuaternion, Vector3};
use wayfix::sim::path::Path;
use wayfix::sim::speed::Pace;
use wayfix::sim::truth::{Floor, State, Trajectory};

const PACE: Pace = Pace {
    straight_mps: 2.0,
    turn_mps: 1.0,
    accel_mps2: 0.8,
};
const GRAVITY: Vector3<f64> = Vector3::new(0.0, 0.0, -9.80665);

/// Over a ramp, once at an angle and in a turn, then backwards.
fn drive() -> Trajectory {
    let floor = Floor {
        low_m: -0.4,
        high_m: 0.0,
        from_x_m: 3.0,
        to_x_m: 9.0,
    };
    let forward = [
        [0.0, 0.0],
        [6.0, 4.0],
        [12.0, 4.0],
        [12.0, 12.0],
        [4.0, 12.0],
    ];
    Trajectory::new(floor)
        .then(2.0, Path::through(&forward, 1.2), PACE, false)
        .then(
            1.5,
            Path::through(&[[4.0, 12.0], [14.0, 12.0], [14.0, 4.0]], 2.0),
            PACE,
            true,
        )
}

fn assert_close(found: Vector3<f64>, expected: Vector3<f64>, tolerance: f64, what: &str, t: f64) {
    let error = (found - expected).norm();
    assert!(
        error < tolerance,
        "{what} at {t}: {found:?} is {error:e} from {expected:?}"
    );
}

#[test]
fn derivatives_match_central_differences() {
    let (drive, h) = (drive(), 1e-4);
    let lever = Vector3::new(0.7, -0.3, 1.9);
    let slope = |low: Vector3<f64>, high: Vector3<f64>| (high - low) / (2.0 * h);
    for i in 0..2000 {
        let t = (drive.duration_s() + 2.0) * f64::from(i) / 2000.0;
        let (low, mid, high): (State, State, State) =
            (drive.at(t - h), drive.at(t), drive.at(t + h));
        let v = slope(low.position_m, high.position_m);
        assert_close(v, mid.velocity_mps, 1e-6, "velocity", t);
        let a = slope(low.velocity_mps, high.velocity_mps);
        assert_close(a, mid.acceleration_mps2, 1e-3, "acceleration", t);
        let turn = (low.attitude.inverse() * high.attitude).scaled_axis() / (2.0 * h);
        assert_close(turn, mid.rate_radps, 1e-6, "angular rate", t);
        let change = slope(low.rate_radps, high.rate_radps);
        // The third derivative of the floor jumps at the ends of the ramp.
        assert_close(
            change,
            mid.rate_change_radps2,
            2e-2,
            "angular acceleration",
            t,
        );
        let v = slope(low.point_m(lever), high.point_m(lever));
        assert_close(
            v,
            mid.point_velocity_mps(lever),
            1e-5,
            "velocity of a point",
            t,
        );
        let a = slope(
            low.point_velocity_mps(lever),
            high.point_velocity_mps(lever),
        );
        assert_close(
            a,
            mid.point_acceleration_mps2(lever),
            2e-2,
            "acceleration of a point",
            t,
        );
        let body = mid.attitude.inverse() * mid.velocity_mps;
        assert_close(
            body,
            Vector3::new(mid.forward_mps, 0.0, 0.0),
            1e-12,
            "body velocity",
            t,
        );
    }
}

#[test]
fn an_ideal_imu_integrates_back_to_the_trajectory() {
    let drive = drive();
    let (dt, start) = (1e-3, drive.at(0.0));
    let steps = ((drive.duration_s() + 1.0) / dt) as usize;
    let (mut q, mut v, mut p) = (start.attitude, start.velocity_mps, start.position_m);
    for i in 0..steps {
        // Mid-point rule: an IMU sample in the middle of each step.
        let t = i as f64 * dt;
        let state = drive.at(t + dt / 2.0);
        let force = state.attitude.inverse() * (state.acceleration_mps2 - GRAVITY);
        let half = UnitQuaternion::from_scaled_axis(state.rate_radps * (dt / 2.0));
        let a = (q * half) * force + GRAVITY;
        p += v * dt + a * (dt * dt / 2.0);
        v += a * dt;
        q *= UnitQuaternion::from_scaled_axis(state.rate_radps * dt);
    }
    let end = drive.at(steps as f64 * dt);
    assert!(
        (p - end.position_m).norm() < 1e-3,
        "{}",
        (p - end.position_m).norm()
    );
    assert!((v - end.velocity_mps).norm() < 1e-5);
    assert!(q.angle_to(&end.attitude) < 1e-6);
}

#[test]
fn backwards_keeps_the_heading() {
    let drive = drive();
    let before = drive.at(drive.duration_s() / 2.0);
    assert!(before.forward_mps.abs() <= 2.1);
    // Heading is continuous over the change of direction.
    let mut last = drive.at(0.0);
    for i in 1..8000 {
        let state = drive.at((drive.duration_s() + 1.0) * f64::from(i) / 8000.0);
        assert!(
            last.attitude.angle_to(&state.attitude) < 0.02,
            "at step {i}"
        );
        assert!(
            (state.position_m - last.position_m).norm() < 0.05,
            "at step {i}"
        );
        last = state;
    }
}
