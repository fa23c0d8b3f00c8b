//! kitti_imu_gps: a car's IMU at 100 Hz with positions once a second (KITTI, CC BY-NC-SA 3.0; in the
//! form of gtsam's example).
//!
//! IMU axes are forward, left, up, the acceleration is specific force. The first row of both files
//! stands 1.9 s before the second of the IMU: both first rows are left out. Stretches of 1.55 s of
//! the IMU are linear interpolations over lost data; an outage that touches one counts as damaged.
//! The position is the only truth and is scored where it was withheld.

use std::path::Path;

use anyhow::{Context, Result};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{Imu, Position};

use super::Options;
use crate::protocol::{Metric, Outage, Protocol, Window};
use crate::recording::{Log, Recording, name};
use crate::table::{Table, numbers, read};

/// How often the position is withheld.
const OUTAGES: usize = 14;
/// For how long \[s\].
const OUTAGE_S: f64 = 30.0;
/// The filter's time to settle before the first of them \[s\].
const SETTLE_S: f64 = 30.0;
/// Second difference of the rate below which three rows running are an interpolation [rad/s].
const FROZEN_RADPS: f64 = 2e-6;
/// Shorter runs are chance \[s\].
const FROZEN_S: f64 = 0.5;

const SITE: &str = "name = \"Karlsruhe\"\n";

const VEHICLE: &str = r#"name = "car with an inertial unit"

[motion]
drive = "ackermann"
wheelbase_m = 2.71
side_slip_sigma_mps = 0.1
vertical_sigma_mps = 0.1
constraint_interval_s = 1.0
# The unit's axes follow the car's to about a degree, and nobody says how far it is from the rear axle.
travel_sigma_deg = 1.0
axle_sigma_m = 1.0

[source.imu]
kind = "imu"
# On a car the body's vibration and the unit's scale errors outweigh the metadata's sigmas.
gyro_density_radps_rthz = 2e-4
gyro_rate_ratio_rthz = 0.003
accel_density_mps2_rthz = 3e-2
gyro_bias_sigma_radps = 5e-3
gyro_bias_walk_radps_rts = 3e-6
accel_bias_sigma_mps2 = 0.2
accel_bias_walk_mps2_rts = 2e-4

[source.gps]
kind = "pose"
# Decimetre level, and what remains of it lasts: the positions' NIS is 2 with 0.05 m of white noise.
sigma_m = 0.1
drift_sigma_m = 0.2
drift_time_s = 10.0
"#;

/// Reads the set.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, _options: &Options) -> Result<Recording> {
    let time = Timestamp::from_seconds;
    let (imu, gps) = (name("imu")?, name("gps")?);
    let mut log = Log::default();
    let rows = Table::read(&dir.join("KittiEquivBiasedImu.csv"))?.columns([
        "t_s",
        "acc_x_mps2",
        "acc_y_mps2",
        "acc_z_mps2",
        "gyro_x_radps",
        "gyro_y_radps",
        "gyro_z_radps",
    ])?;
    let rows = rows.get(1..).context("the IMU table is empty")?;
    for &[t_s, x, y, z, p, q, r] in rows {
        let reading = Imu {
            gyro_radps: [p, q, r],
            accel_mps2: Some([x, y, z]),
        };
        log.sample(time(t_s), imu, Reading::Imu(reading));
    }
    let path = dir.join("KittiGps_converted.txt");
    for line in read(&path)?.lines().skip(2) {
        let [t_s, x_m, y_m, z_m] =
            numbers(line.split(',')).with_context(|| path.display().to_string())?;
        let xy_m = [x_m, y_m];
        let reading = Position {
            xy_m,
            z_m: Some(z_m),
            sigma_m: None,
        };
        log.sample(time(t_s), gps, Reading::Position(reading));
        let state = TruthState {
            xy_m: Some(xy_m),
            z_m: Some(z_m),
            ..TruthState::default()
        };
        log.truth(time(t_s), state);
    }

    let frozen = frozen(rows);
    let (first, last) = log.span().context("no samples")?;
    let windows = Window::spread(OUTAGES, OUTAGE_S, first.shifted(SETTLE_S), last);
    let outage = |window: Window| {
        let damaged = frozen.iter().any(|stretch| stretch.overlaps(&window));
        Outage {
            source: "gps".to_owned(),
            window,
            damaged,
        }
    };
    let protocol = Protocol {
        metric: Metric::OutageRmse,
        score: Vec::new(),
        outages: windows.into_iter().map(outage).collect(),
        truth_at: Some("gps"),
    };
    Recording::new(
        "kitti_imu_gps",
        log,
        SITE.to_owned(),
        VEHICLE.to_owned(),
        protocol,
    )
}

/// Stretches in which the rate is a straight line: lost data that somebody interpolated.
fn frozen(rows: &[[f64; 7]]) -> Vec<Window> {
    let straight = |k: usize| {
        (4..7).all(|c| (rows[k - 1][c] - 2.0 * rows[k][c] + rows[k + 1][c]).abs() < FROZEN_RADPS)
    };
    let mut stretches = Vec::new();
    let mut begin = None;
    for k in 1..rows.len().saturating_sub(1) {
        match (straight(k), begin) {
            (true, None) => begin = Some(k - 1),
            (false, Some(from)) => {
                if rows[k][0] - rows[from][0] > FROZEN_S {
                    let time = Timestamp::from_seconds;
                    stretches.push(Window {
                        from: time(rows[from][0]),
                        until: time(rows[k][0]),
                    });
                }
                begin = None;
            }
            _ => {}
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_stretches_are_interpolated() {
        let Some(dir) = crate::sets::test_dir("kitti_imu_gps") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let rows: Vec<[f64; 7]> = recording
            .samples()
            .filter_map(|sample| match sample.reading {
                Reading::Imu(imu) => {
                    let [p, q, r] = imu.gyro_radps;
                    Some([sample.t.seconds(), 0.0, 0.0, 0.0, p, q, r])
                }
                _ => None,
            })
            .collect();
        let stretches = frozen(&rows);
        let damaged = recording
            .protocol
            .outages
            .iter()
            .filter(|o| o.damaged)
            .count();
        println!("{} stretches, {damaged} damaged outages", stretches.len());
        assert_eq!(stretches.len(), 8);
        for stretch in stretches {
            let length_s = stretch.until.seconds_since(stretch.from);
            assert!((1.0..2.2).contains(&length_s), "{length_s} s");
        }
        assert!(damaged > 0 && damaged < OUTAGES);
    }
}
