//! comma2k19: a minute of motorway, phone-like device with IMU and u-blox, car CAN (comma.ai, MIT).
//!
//! The reference point is the device (the camera of the truth), the body is the device turned by the
//! mounting angles: the car drives 3.8 deg up and 0.8 deg right in the camera's axes, so the device
//! looks 3.8 deg down and 0.8 deg left in the car. Files have axes forward, right, down; they are
//! turned to forward, left, up here, and the mounting angles stand in vehicle.toml. The gyro is the
//! one whose bias the device has removed: the raw one has a bias of 0.07 rad/s. The receiver's
//! position is about 0.08 s old, its velocity about 0.15 s; the bus is stamped early by 0.03 s.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use nalgebra::{Rotation3, UnitQuaternion, Vector3};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{
    GnssFix, GnssPosition, GnssVelocity, Imu, PerWheel, Steering, Twist, WheelSpeeds,
};

use super::Options;
use crate::frames::{TangentPlane, from_wxyz, to_wxyz};
use crate::protocol::{Metric, Outage, Protocol, Window};
use crate::recording::{Log, Recording, name};
use crate::table::Table;

/// How far the device looks below the driving direction \[deg\].
const DEVICE_DOWN_DEG: f64 = 3.8;
/// How far it looks left of the driving direction \[deg\].
const DEVICE_LEFT_DEG: f64 = 0.8;

const VEHICLE: &str = r#"name = "car with a device behind the windscreen"

[motion]
drive = "ackermann"
wheelbase_m = 2.66
track_m = 1.57
side_slip_sigma_mps = 0.1
vertical_sigma_mps = 0.1
constraint_interval_s = 1.0

[source.imu]
kind = "imu"
# The device looks 3.8 deg below and 0.8 deg left of the driving direction.
mount.rpy_deg = [0.0, 3.8, 0.8]
gyro_density_radps_rthz = 5e-4
accel_density_mps2_rthz = 1e-2
gyro_bias_sigma_radps = 2e-3
accel_bias_sigma_mps2 = 0.1

[source.gnss]
kind = "gnss"
sigma_single_m = 0.3
velocity_sigma_mps = 0.2
# Typical age of a u-blox solution; position and velocity differ.
position_delay_s = 0.1
velocity_delay_s = 0.1
position_lag_sigma_s = 0.05
velocity_lag_sigma_s = 0.05
# Without corrections a receiver's error is a metre, and lasts.
drift_sigma_m = 1.0
drift_time_s = 60.0

[source.speed]
kind = "wheels"
# How the car stamps its bus is not known.
lag_sigma_s = 0.05
speed_sigma_mps = 0.1
interval_s = 0.1
scale_sigma = 0.02

[source.wheels]
kind = "wheels"
# The same sensors as the speed: used sparingly.
wheels = ["front_left", "front_right", "rear_left", "rear_right"]
speed_sigma_mps = 0.2
interval_s = 0.5
scale_sigma = 0.02

[source.steering]
kind = "steering"
# Steering wheel, of which the road wheel turns about 1/15.
ratio = 0.067
offset_sigma_deg = 1.0
"#;

/// Reads one segment.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let table = |file: &str| Table::read(&dir.join(file));
    let time = Timestamp::from_seconds;
    let mut log = Log::default();

    let gyro =
        table("imu_gyro.csv")?.columns(["t_s", "forward_radps", "right_radps", "down_radps"])?;
    let force = table("imu_accelerometer.csv")?.columns([
        "t_s",
        "forward_mps2",
        "right_mps2",
        "down_mps2",
    ])?;
    let imu = name("imu")?;
    for ([t_s, p, q, r], [force_t_s, x, y, z]) in gyro.into_iter().zip(force) {
        ensure!(
            t_s == force_t_s,
            "gyro and accelerometer differ in time at {t_s}"
        );
        let reading = Imu {
            gyro_radps: [p, -q, -r],
            accel_mps2: Some([x, -y, -z]),
        };
        log.sample(time(t_s), imu, Reading::Imu(reading));
    }
    let fixes = table("gnss_ublox.csv")?.columns([
        "t_s",
        "latitude_deg",
        "longitude_deg",
        "speed_mps",
        "altitude_m",
        "bearing_deg",
    ])?;
    let gnss = name("gnss")?;
    for &[t_s, lat_deg, lon_deg, speed_mps, altitude_m, bearing_deg] in &fixes {
        let (height_m, fix) = (Some(altitude_m), GnssFix::Single);
        let (sigma_enu_m, hdop, satellites) = (None, None, None);
        let position = GnssPosition {
            lat_deg,
            lon_deg,
            height_m,
            fix,
            sigma_enu_m,
            hdop,
            satellites,
        };
        let (sin, cos) = bearing_deg.to_radians().sin_cos();
        let velocity = GnssVelocity {
            east_mps: speed_mps * sin,
            north_mps: speed_mps * cos,
            up_mps: None,
            sigma_mps: None,
        };
        log.sample(time(t_s), gnss, Reading::GnssPosition(position));
        log.sample(time(t_s), gnss, Reading::GnssVelocity(velocity));
    }
    car(dir, &mut log)?;

    let &[_, lat_deg, lon_deg, _, height_m, _] = fixes.first().context("no satellite fix")?;
    let site_toml = format!(
        "name = \"motorway\"\n\n# The first fix of the receiver.\n[datum]\nlat_deg = {lat_deg:?}\n\
         lon_deg = {lon_deg:?}\nheight_m = {height_m:?}\n"
    );
    truth(
        dir,
        &TangentPlane::new(lat_deg, lon_deg, height_m),
        &mut log,
    )?;

    let mut protocol = Protocol::whole(Metric::HorizontalRmse);
    if let Some(length_s) = options.without_gnss_s {
        let (_, end) = log.span().context("no samples")?;
        let window = Window {
            from: end.shifted(-length_s),
            until: end + 1,
        };
        let outage = Outage {
            source: "gnss".to_owned(),
            window,
            damaged: false,
        };
        protocol = Protocol {
            metric: Metric::OutageEnd,
            outages: vec![outage],
            ..protocol
        };
    }
    Recording::new("comma2k19", log, site_toml, VEHICLE.to_owned(), protocol)
}

/// Speed, wheel speeds and steering wheel from the car's bus.
fn car(dir: &Path, log: &mut Log) -> Result<()> {
    let table = |file: &str| Table::read(&dir.join(file));
    let (speed, wheels, steering) = (name("speed")?, name("wheels")?, name("steering")?);
    for [t_s, forward_mps] in table("can_speed.csv")?.columns(["t_s", "speed_mps"])? {
        let reading = Reading::Twist(Twist {
            forward_mps,
            yaw_rate_radps: None,
        });
        log.sample(Timestamp::from_seconds(t_s), speed, reading);
    }
    for [t_s, four @ ..] in table("can_wheel_speed.csv")?.columns([
        "t_s",
        "front_left_mps",
        "front_right_mps",
        "rear_left_mps",
        "rear_right_mps",
    ])? {
        let four: [f64; 4] = four;
        let speeds_mps = PerWheel::new(&four).context("four wheels")?;
        let reading = Reading::WheelSpeeds(WheelSpeeds { speeds_mps });
        log.sample(Timestamp::from_seconds(t_s), wheels, reading);
    }
    for [t_s, angle_deg] in
        table("can_steering_angle.csv")?.columns(["t_s", "steering_wheel_deg"])?
    {
        let reading = Reading::Steering(Steering {
            angle_rad: angle_deg.to_radians(),
        });
        log.sample(Timestamp::from_seconds(t_s), steering, reading);
    }
    Ok(())
}

/// Device to body.
fn mounting() -> UnitQuaternion<f64> {
    let (pitch_rad, yaw_rad) = (DEVICE_DOWN_DEG.to_radians(), DEVICE_LEFT_DEG.to_radians());
    UnitQuaternion::from_euler_angles(0.0, pitch_rad, yaw_rad)
}

/// The authors' post-processed pose of the camera, turned into the tangent plane and the body.
fn truth(dir: &Path, plane: &TangentPlane, log: &mut Log) -> Result<()> {
    let rows = Table::read(&dir.join("global_pose.csv"))?.columns([
        "t_s",
        "ecef_x_m",
        "ecef_y_m",
        "ecef_z_m",
        "ecef_vx_mps",
        "ecef_vy_mps",
        "ecef_vz_mps",
        "qw",
        "qx",
        "qy",
        "qz",
    ])?;
    let frd_from_flu = UnitQuaternion::from_axis_angle(&Vector3::x_axis(), std::f64::consts::PI);
    let body_from_device = mounting();
    for [t_s, x_m, y_m, z_m, vx_mps, vy_mps, vz_mps, wxyz @ ..] in rows {
        let p_n = plane.enu(&Vector3::new(x_m, y_m, z_m));
        let v_n = plane.r_ne * Vector3::new(vx_mps, vy_mps, vz_mps);
        let q_ne = UnitQuaternion::from_rotation_matrix(&Rotation3::from(plane.r_ne));
        let q_nb = q_ne * from_wxyz(wxyz) * frd_from_flu * body_from_device.inverse();
        let state = TruthState {
            xy_m: Some([p_n.x, p_n.y]),
            z_m: Some(p_n.z),
            yaw_rad: None,
            attitude_wxyz: Some(to_wxyz(&q_nb)),
            velocity_mps: Some(v_n.into()),
        };
        log.truth(Timestamp::from_seconds(t_s), state);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_drives_forward() {
        let Some(dir) = crate::sets::test_dir("comma2k19") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let (mut sum, mut count) = (Vector3::zeros(), 0.0);
        for truth in recording.truth() {
            let q_nb = from_wxyz(truth.state.attitude_wxyz.unwrap());
            sum += q_nb.inverse() * Vector3::from(truth.state.velocity_mps.unwrap());
            count += 1.0;
        }
        let v_b: Vector3<f64> = sum / count;
        assert!(
            v_b.x > 15.0 && v_b.y.abs() < 0.1 && v_b.z.abs() < 0.1,
            "{v_b:?}"
        );
    }

    #[test]
    fn the_specific_force_points_up() {
        let Some(dir) = crate::sets::test_dir("comma2k19") else {
            return;
        };
        let recording = load(
            &dir,
            &Options {
                without_gnss_s: Some(30.0),
                ..Options::default()
            },
        )
        .unwrap();
        assert_eq!(recording.protocol.outages.len(), 1);
        let q_bs = mounting();
        let forces: Vec<_> = recording
            .samples()
            .filter_map(|sample| match sample.reading {
                Reading::Imu(imu) => imu.accel_mps2,
                _ => None,
            })
            .map(|f| q_bs * Vector3::from(f))
            .collect();
        let mean = forces.iter().sum::<Vector3<f64>>() / forces.len() as f64;
        assert!(
            (mean.z - 9.7).abs() < 0.15 && mean.y.abs() < 0.4,
            "{mean:?}"
        );
    }
}
