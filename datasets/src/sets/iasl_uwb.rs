//! iasl_uwb: a drone with a UWB tag, a UM7 inertial unit and Qualisys truth (i-ASL, run 0612_hw1).
//!
//! **Time base: the computer's clock (unix) as the ranges have it**: a row's own millisecond clock
//! plus a constant. Truth is brought to it, `t = t_truth − 0.972 s + 1718170318 s`; the IMU's stamps
//! are 0.08 s late against it, which vehicle.toml says. **Frame: the anchors'**; the truth is turned
//! by −0.96 deg and shifted.
//!
//! The truth's row 656 (65.7 s) is all zeros, the lost sample that makes a jump of 2.6 m for anyone
//! who interpolates: it is left out, and nothing else near it is wrong. The magnetometer has units of
//! its own and is disturbed: only on request, its unit taken as 50 µT.

use std::path::Path;

use anyhow::{Result, ensure};
use nalgebra::{Rotation3, UnitQuaternion, Vector3};
use wayfix::config::Site;
use wayfix::config::site::{Anchor, Magnetic};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{Imu, MagneticField, Range};

use super::Options;
use crate::frames::{nearest_rotation, to_wxyz};
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name, site_toml};
use crate::table::Table;

/// Unix time of the zero of the tag's clock \[ns\].
const TAG_ZERO_NS: i64 = 1_718_167_494_767_000_000;
/// Unix time of the zero of the truth's clock \[ns\].
const TRUTH_ZERO_NS: i64 = 1_718_170_318_000_000_000 - 972_000_000;
/// Turn from the truth's frame to the anchors' \[deg\].
const TRUTH_YAW_DEG: f64 = -0.96;
/// Shift from the truth's frame to the anchors' \[m\]; the height is not separable from range biases.
const TRUTH_SHIFT_M: [f64; 3] = [4.44, 4.05, 0.05];
/// The magnetometer's unit \[T\].
const MAG_UNIT_TESLA: f64 = 5e-5;

const VEHICLE: &str = r#"name = "drone"

[motion]
drive = "free"
accel_density_mps2_rthz = 1.0
accel_up_density_mps2_rthz = 0.5

[source.uwb]
kind = "uwb"
# Robust sigma 0.04 to 0.06 m after a bias of -0.05 to -0.25 m an anchor; single wild values.
range_sigma_m = 0.1
bias_sigma_m = 0.2
# Reflections that change with the place: they last as long as it takes to move on.
drift_sigma_m = 0.05
drift_time_s = 2.0

[source.imu]
kind = "imu"
# Axes forward-right-down turned left: x_b = y_s, y_b = x_s, z_b = -z_s, within 2.5 deg.
mount.rpy_deg = [180.0, 0.0, 90.0]
# Stamped late, by the gyro against the truth.
delay_s = 0.08
accel_scale = [1.057, 1.057, 1.057]
gyro_density_radps_rthz = 3e-3
accel_density_mps2_rthz = 3e-2
gyro_bias_sigma_radps = 1e-2
accel_bias_sigma_mps2 = 0.3
"#;

const MAG: &str = r#"
[source.mag]
kind = "magnetometer"
mount.rpy_deg = [180.0, 0.0, 90.0]
delay_s = 0.08
sigma_ut = 5.0
norm_gate_ratio = 0.3
dip_gate_deg = 20.0
drift_sigma_deg = 30.0
drift_time_s = 10.0
"#;

/// Mean field over the run in the anchors' frame: weak evidence, from a disturbed sensor.
const FIELD: Magnetic = Magnetic {
    declination_deg: -143.0,
    inclination_deg: 48.7,
    strength_ut: 38.0,
};

/// Reads the set.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let mut log = Log::default();
    ranges(dir, &mut log)?;
    inertial(dir, options.mag, &mut log)?;
    truth(dir, &mut log)?;

    let anchors = Table::read(&dir.join("anchors.csv"))?.columns(["id", "x_m", "y_m", "z_m"])?;
    let anchors = anchors.iter().map(|&[id, x_m, y_m, z_m]| Anchor {
        id: format!("{id}"),
        position_m: [x_m, y_m, z_m],
        bias_m: 0.0,
    });
    let site = Site {
        name: "anchor box".to_owned(),
        magnetic: options.mag.then_some(FIELD),
        anchors: anchors.collect(),
        ..Site::default()
    };
    let vehicle = if options.mag {
        format!("{VEHICLE}{MAG}")
    } else {
        VEHICLE.to_owned()
    };
    let protocol = Protocol::whole(Metric::PositionRmse);
    Recording::new("iasl_uwb", log, site_toml(&site)?, vehicle, protocol)
}

fn ranges(dir: &Path, log: &mut Log) -> Result<()> {
    let uwb = name("uwb")?;
    let rows = Table::read(&dir.join("uwb.csv"))?.columns([
        "local_time_ms",
        "range1_m",
        "range2_m",
        "range3_m",
        "range4_m",
        "range5_m",
        "range6_m",
        "range7_m",
        "range8_m",
    ])?;
    for [local_ms, ranges_m @ ..] in rows {
        let ranges_m: [f64; 8] = ranges_m;
        let t = Timestamp(TAG_ZERO_NS + local_ms as i64 * 1_000_000);
        for (index, range_m) in ranges_m.into_iter().enumerate() {
            let anchor = name(&(index + 1).to_string())?;
            let range = Range {
                anchor,
                range_m,
                rx_power_dbm: None,
                first_path_dbm: None,
            };
            log.sample(t, uwb, Reading::Range(range));
        }
    }
    Ok(())
}

fn inertial(dir: &Path, with_mag: bool, log: &mut Log) -> Result<()> {
    let (imu, mag) = (name("imu")?, name("mag")?);
    let rows = Table::read(&dir.join("imu.csv"))?.columns([
        "stamp_ns",
        "gyro_x_radps",
        "gyro_y_radps",
        "gyro_z_radps",
        "acc_x_mps2",
        "acc_y_mps2",
        "acc_z_mps2",
    ])?;
    for [t_ns, p, q, r, x, y, z] in rows {
        let reading = Imu {
            gyro_radps: [p, q, r],
            accel_mps2: Some([x, y, z]),
        };
        log.sample(Timestamp(t_ns as i64), imu, Reading::Imu(reading));
    }
    if with_mag {
        let rows = Table::read(&dir.join("mag.csv"))?;
        for [t_ns, field @ ..] in rows.columns(["stamp_ns", "mag_x", "mag_y", "mag_z"])? {
            let field: [f64; 3] = field;
            let reading = MagneticField {
                field_tesla: field.map(|b| b * MAG_UNIT_TESLA),
            };
            log.sample(Timestamp(t_ns as i64), mag, Reading::MagneticField(reading));
        }
    }
    Ok(())
}

fn truth(dir: &Path, log: &mut Log) -> Result<()> {
    let rows = Table::read(&dir.join("truth.csv"))?.columns([
        "t_s", "x_m", "y_m", "z_m", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8",
    ])?;
    let turn = Rotation3::from_axis_angle(&Vector3::z_axis(), TRUTH_YAW_DEG.to_radians());
    let mut lost = 0;
    for [t_s, x_m, y_m, z_m, r @ ..] in rows {
        let r: [f64; 9] = r;
        if r == [0.0; 9] {
            lost += 1;
            continue;
        }
        let p_n = turn * Vector3::new(x_m, y_m, z_m) + Vector3::from(TRUTH_SHIFT_M);
        // Column by column.
        let r_tb = nearest_rotation([[r[0], r[3], r[6]], [r[1], r[4], r[7]], [r[2], r[5], r[8]]]);
        let q_nb = UnitQuaternion::from_rotation_matrix(&(turn * r_tb));
        let state = TruthState {
            xy_m: Some([p_n.x, p_n.y]),
            z_m: Some(p_n.z),
            attitude_wxyz: Some(to_wxyz(&q_nb)),
            ..TruthState::default()
        };
        log.truth(Timestamp(TRUTH_ZERO_NS).shifted(t_s), state);
    }
    ensure!(lost <= 1, "{lost} lost rows in truth.csv, one is known");
    Ok(())
}

#[cfg(test)]
mod tests {
    use wayfix::config::Source;

    use super::*;
    use crate::frames::from_wxyz;

    #[test]
    fn ranges_fit_the_truth_in_place_and_time() {
        let Some(dir) = crate::sets::test_dir("iasl_uwb") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        assert_eq!(recording.truth().count(), 999);
        let samples: Vec<_> = recording.samples().collect();
        let spread_m = |shift_s: f64| {
            let mut errors_m = vec![Vec::new(); 8];
            for row in recording.truth() {
                let t = row.t.shifted(shift_s);
                let from = samples.partition_point(|sample| sample.t < t);
                let ([x, y], z) = (row.state.xy_m.unwrap(), row.state.z_m.unwrap());
                for sample in samples[from..].iter().take(30) {
                    let Reading::Range(range) = sample.reading else {
                        continue;
                    };
                    if sample.t.seconds_since(t) > 0.02 {
                        break;
                    }
                    let index: usize = range.anchor.parse::<usize>().unwrap() - 1;
                    let p_na = Vector3::from(recording.site.anchors[index].position_m);
                    errors_m[index].push(range.range_m - (Vector3::new(x, y, z) - p_na).norm());
                }
            }
            let spread = |mut errors: Vec<f64>| {
                errors.sort_by(f64::total_cmp);
                (
                    errors[errors.len() * 3 / 4] - errors[errors.len() / 4],
                    errors[errors.len() / 2],
                )
            };
            let spreads: Vec<_> = errors_m.into_iter().map(spread).collect();
            (spreads.iter().map(|s| s.0).sum::<f64>() / 8.0, spreads)
        };
        let (at_truth, biases) = spread_m(0.0);
        println!("quartile distance {at_truth} m; {biases:.2?}");
        assert!(at_truth < 0.09 && at_truth < spread_m(0.15).0 && at_truth < spread_m(-0.15).0);
        assert!(
            biases
                .iter()
                .all(|(_, bias_m)| (-0.35..0.1).contains(bias_m))
        );
    }
    /// The gyro is stamped late by what vehicle.toml says, and turned as it says.
    #[test]
    fn the_gyro_turns_as_the_truth_does() {
        let Some(dir) = crate::sets::test_dir("iasl_uwb") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let Source::Imu(imu) = &recording.vehicle.sources["imu"] else {
            unreachable!()
        };
        let [roll, pitch, yaw] = imu.mount.rpy_deg.map(f64::to_radians);
        let r_bs = Rotation3::from_euler_angles(roll, pitch, yaw);
        let truth: Vec<_> = recording
            .truth()
            .map(|row| (row.t, from_wxyz(row.state.attitude_wxyz.unwrap())))
            .collect();
        let error = |delay_s: f64| {
            let (mut sum, mut count) = (0.0, 0.0);
            for sample in recording.samples() {
                let Reading::Imu(reading) = sample.reading else {
                    continue;
                };
                let t = sample.t.shifted(-delay_s);
                let k = truth.partition_point(|row| row.0 <= t);
                if k < 1 || k >= truth.len() {
                    continue;
                }
                let ((t_0, q_0), (t_1, q_1)) = (truth[k - 1], truth[k]);
                let rate = (q_0.inverse() * q_1).scaled_axis() / t_1.seconds_since(t_0);
                sum += (rate - r_bs * Vector3::from(reading.gyro_radps)).norm_squared();
                count += 1.0;
            }
            f64::sqrt(sum / count)
        };
        let best = (-10..=20)
            .map(|k| 0.01 * f64::from(k))
            .min_by(|a, b| error(*a).total_cmp(&error(*b)))
            .unwrap();
        println!("gyro late by {best:.2} s: {} rad/s", error(best));
        assert!((best - imu.delay_s).abs() <= 0.03);
    }
}
