//! broad: orientation benchmark, trials 10 and 30 (Laidig et al. 2021, CC BY 4.0): IMU and
//! magnetometer on a board, OptiTrack attitude.
//!
//! The earth frame is east, north, up with north magnetic, so the declination is zero. Truth exists
//! only where the optics saw the board and only in the scored phase (`movement = 1`).

use std::path::Path;

use anyhow::Result;
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{Imu, MagneticField};

use super::Options;
use crate::frames::{from_wxyz, to_wxyz};
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name};
use crate::table::{Table, find};

const SITE: &str = r#"name = "laboratory"

# 15.2 uT north, 41.0 uT down, in the rest before the trials.
[magnetic]
declination_deg = 0.0
inclination_deg = 69.66
strength_ut = 43.73
"#;

const VEHICLE: &str = r#"name = "board"

[motion]
drive = "free"
zero_mean_velocity_sigma_mps = 1.5

[start]
position_m = [0.0, 0.0, 0.0]
sigma_m = 1.0

[source.imu]
kind = "imu"
# A sample tells the motion of one period ago, by the truth: it comes out of the unit's own filter.
delay_s = 0.0035
# At rest 0.0018 rad/s and 0.06 m/s2 at 286 Hz; a rate error of 0.1 % of the rate.
gyro_density_radps_rthz = 1.1e-4
gyro_rate_ratio_rthz = 1e-3
accel_density_mps2_rthz = 1e-2
gyro_bias_sigma_radps = 5e-3
accel_bias_sigma_mps2 = 0.1

[source.mag]
kind = "magnetometer"
delay_s = 0.0035
sigma_ut = 1.0
norm_gate_ratio = 0.1
dip_gate_deg = 5.0
drift_sigma_deg = 6.0
drift_time_s = 5.0
"#;

/// Reads one trial.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let trial = options.trial.unwrap_or(10);
    let table = Table::read(&find(dir, &format!("{trial:02}_"), ".csv.gz")?)?;
    let rows = table.columns([
        "t_s",
        "gyr_x_radps",
        "gyr_y_radps",
        "gyr_z_radps",
        "acc_x_mps2",
        "acc_y_mps2",
        "acc_z_mps2",
        "mag_x_uT",
        "mag_y_uT",
        "mag_z_uT",
    ])?;
    let mut log = Log::default();
    let (imu, mag) = (name("imu")?, name("mag")?);
    for [t_s, p, q, r, x, y, z, field @ ..] in rows {
        let t = Timestamp::from_seconds(t_s);
        let reading = Imu {
            gyro_radps: [p, q, r],
            accel_mps2: Some([x, y, z]),
        };
        log.sample(t, imu, Reading::Imu(reading));
        let field: [f64; 3] = field;
        let reading = MagneticField {
            field_tesla: field.map(|b| b * 1e-6),
        };
        log.sample(t, mag, Reading::MagneticField(reading));
    }
    for [t_s, movement, wxyz @ ..] in
        table.columns(["t_s", "movement", "opt_qw", "opt_qx", "opt_qy", "opt_qz"])?
    {
        let wxyz: [f64; 4] = wxyz;
        if movement == 1.0 && wxyz.iter().all(|value| value.is_finite()) {
            let attitude_wxyz = Some(to_wxyz(&from_wxyz(wxyz)));
            let state = TruthState {
                attitude_wxyz,
                ..TruthState::default()
            };
            log.truth(Timestamp::from_seconds(t_s), state);
        }
    }
    let protocol = Protocol::whole(Metric::Orientation);
    Recording::new(
        format!("broad/{trial}"),
        log,
        SITE.to_owned(),
        VEHICLE.to_owned(),
        protocol,
    )
}

#[cfg(test)]
mod tests {
    use nalgebra::Vector3;

    use super::*;

    #[test]
    fn field_and_gravity_are_where_the_site_says() {
        let Some(dir) = crate::sets::test_dir("broad") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let truth: Vec<_> = recording.truth().collect();
        let (mut field, mut force, mut count) = (Vector3::zeros(), Vector3::zeros(), 0.0);
        for sample in recording.samples() {
            let k = truth.partition_point(|row| row.t < sample.t);
            let Some(row) = truth.get(k).filter(|row| row.t == sample.t) else {
                continue;
            };
            let q_nb = from_wxyz(row.state.attitude_wxyz.unwrap());
            match sample.reading {
                Reading::Imu(imu) => force += q_nb * Vector3::from(imu.accel_mps2.unwrap()),
                Reading::MagneticField(b) => {
                    field += q_nb * Vector3::from(b.field_tesla);
                    count += 1.0;
                }
                _ => {}
            }
        }
        let (field_ut, force): (Vector3<f64>, Vector3<f64>) = (field / count * 1e6, force / count);
        let magnetic = recording.site.magnetic.unwrap();
        let dip_deg = (-field_ut.z).atan2(field_ut.y).to_degrees();
        assert!(
            (dip_deg - magnetic.inclination_deg).abs() < 2.0,
            "{field_ut}"
        );
        assert!(
            (field_ut.norm() - magnetic.strength_ut).abs() < 1.5,
            "{field_ut}"
        );
        assert!((force.z - 9.87).abs() < 0.1, "{force}");
    }
}
