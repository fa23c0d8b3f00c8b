//! crazyflie_tdoa: a drone standing at the origin of a UWB room, range differences, IMU, barometer
//! (Bitcraze's regression log; repository GPL-3.0).
//!
//! `distance_diff = |p − anchor_b| − |p − anchor_a|`. Rates are degrees a second, accelerations g with
//! z up; the accelerometer row stands at most 0.2 ms after the gyro row of the same number. The
//! Lighthouse positions are a second reference and no sensor here. The heading is not stated and,
//! standing, of no consequence: the room's x axis is taken. Truth is the known point, ten times a
//! second.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use wayfix::config::Site;
use wayfix::config::site::Anchor;
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{Height, Imu, RangeDifference};

use super::Options;
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name, site_toml};
use crate::table::Table;

/// One g by definition [m/s²].
const G_MPS2: f64 = 9.80665;
/// Interval of the truth \[ns\].
const TRUTH_NS: i64 = 100_000_000;

const VEHICLE: &str = r#"name = "Crazyflie"

[start]
position_m = [0.0, 0.0, 0.0]
sigma_m = 0.03
yaw_deg = 0.0
yaw_sigma_deg = 5.0

[source.imu]
kind = "imu"
# At rest: 0.15 deg/s and 0.0012 g at 1007 Hz, bias taken off on board.
gyro_density_radps_rthz = 1e-4
accel_density_mps2_rthz = 1e-3
gyro_bias_sigma_radps = 1e-3
accel_bias_sigma_mps2 = 0.1

[source.tdoa]
kind = "uwb"
# White noise of one pair is 0.06 to 0.08 m; the rest is anchor bias, and 1.5 % are wild.
difference_sigma_m = 0.1
bias_sigma_m = 0.3

[source.baro]
kind = "height"
sigma_m = 0.1
bias_sigma_m = 1000.0
# Pressure wanders by a metre in a minute or two, indoors as well.
bias_walk_m_rts = 0.1
"#;

/// Reads the set.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, _options: &Options) -> Result<Recording> {
    let table = |file: &str| Table::read(&dir.join(file));
    let gyro = table("gyro.csv")?.columns(["t_us", "x_degps", "y_degps", "z_degps"])?;
    let accel = table("acc.csv")?.columns(["t_us", "x_g", "y_g", "z_g"])?;
    let tdoa = table("tdoa.csv")?.columns(["t_us", "anchor_a", "anchor_b", "distance_diff_m"])?;
    let baro = table("baro.csv")?.columns(["t_us", "altitude_m"])?;
    let anchors = table("anchors.csv")?.columns(["id", "x_m", "y_m", "z_m"])?;
    ensure!(
        gyro.len() == accel.len(),
        "gyro.csv and acc.csv differ in length"
    );

    let time = |t_us: f64| Timestamp(t_us as i64 * 1000);
    let mut log = Log::default();
    let (imu, uwb, height) = (name("imu")?, name("tdoa")?, name("baro")?);
    for ([t_us, rate @ ..], [_, force @ ..]) in gyro.into_iter().zip(accel) {
        let gyro_radps = rate.map(f64::to_radians);
        let accel_mps2 = Some(force.map(|g| g * G_MPS2));
        log.sample(
            time(t_us),
            imu,
            Reading::Imu(Imu {
                gyro_radps,
                accel_mps2,
            }),
        );
    }
    for [t_us, anchor_a, anchor_b, difference_m] in tdoa {
        let (anchor_a, anchor_b) = (name(&format!("{anchor_a}"))?, name(&format!("{anchor_b}"))?);
        let difference = RangeDifference {
            anchor_a,
            anchor_b,
            difference_m,
        };
        log.sample(time(t_us), uwb, Reading::RangeDifference(difference));
    }
    for [t_us, height_m] in baro {
        log.sample(time(t_us), height, Reading::Height(Height { height_m }));
    }
    let (mut t, end) = log.span().context("no samples")?;
    while t <= end {
        let state = TruthState {
            xy_m: Some([0.0, 0.0]),
            z_m: Some(0.0),
            velocity_mps: Some([0.0; 3]),
            ..TruthState::default()
        };
        log.truth(t, state);
        t = t + TRUTH_NS;
    }

    let anchors = anchors.iter().map(|&[id, x_m, y_m, z_m]| Anchor {
        id: format!("{id}"),
        position_m: [x_m, y_m, z_m],
        bias_m: 0.0,
    });
    let site = Site {
        name: "drone room".to_owned(),
        anchors: anchors.collect(),
        ..Site::default()
    };
    let protocol = Protocol::whole(Metric::PositionRmse);
    Recording::new(
        "crazyflie_tdoa",
        log,
        site_toml(&site)?,
        VEHICLE.to_owned(),
        protocol,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_fit_the_origin() {
        let Some(dir) = crate::sets::test_dir("crazyflie_tdoa") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let distance_m = |id: &str| {
            let anchor = recording.site.anchors.iter().find(|a| a.id == id).unwrap();
            anchor.position_m.iter().map(|x| x * x).sum::<f64>().sqrt()
        };
        let mut errors_m = Vec::new();
        for sample in recording.samples() {
            let Reading::RangeDifference(d) = sample.reading else {
                continue;
            };
            let expected_m = distance_m(d.anchor_b.as_str()) - distance_m(d.anchor_a.as_str());
            errors_m.push((d.difference_m - expected_m).abs());
        }
        errors_m.sort_by(f64::total_cmp);
        assert_eq!(errors_m.len(), 2044);
        let sigma_m = 1.4826 * errors_m[1022];
        assert!((sigma_m - 0.34).abs() < 0.02, "robust sigma {sigma_m} m");
    }
}
