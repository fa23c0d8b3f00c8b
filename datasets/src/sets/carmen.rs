//! carmen: wheel odometry of the Intel Research Lab run with scan-matched poses (D. Haehnel, Radish).
//!
//! The odometry's pose is reset to the corrected pose after every scan by an `ODOM` line that repeats
//! the scan's pose: the jump into it is no motion. Most of these lines have stamp 0, 69 of the 910
//! have a meaningless one (1e-42, 4.39), so the pose tells, not the stamp. Increments are formed in
//! *file* order between resets; the stamps come in bursts and step back, so an increment that would
//! go back in time is stamped with the latest stamp before it. Truth (one row a scan) is SLAM, not
//! independent of the odometry.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::OdometryStep;

use super::Options;
use crate::frames::wrap;
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name, start_toml};
use crate::table::{find, numbers, read};

/// Beams of a scan, which come before its pose.
const BEAMS: usize = 180;

const SITE: &str = "name = \"office\"\n";

const VEHICLE: &str = r#"name = "robot with wheel odometry"

[motion]
drive = "differential"
planar_height_m = 0.0

[source.wheels]
kind = "wheels"
distance_sigma_m_rtm = 0.07
lateral_sigma_m_rtm = 0.03
yaw_sigma_rad_rtm = 0.05
yaw_sigma_rad_rtrad = 0.05
"#;

/// Reads the set's one file.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, _options: &Options) -> Result<Recording> {
    let path = find(dir, "", "-corrected.log.gz")?;
    let wheels = name("wheels")?;
    let mut log = Log::default();
    let mut previous: Option<[f64; 3]> = None;
    let mut corrected: Option<[f64; 3]> = None;
    let mut latest = Timestamp(0);
    let mut start = None;
    for (index, line) in read(&path)?.lines().enumerate() {
        let mut fields = line.split_ascii_whitespace();
        let context = || format!("{}:{}", path.display(), index + 1);
        match fields.next() {
            Some("ODOM") => {
                let [x, y, yaw, _, _, _, t_s]: [f64; 7] = numbers(fields).with_context(context)?;
                let pose = [x, y, yaw];
                let reset = corrected.take() == Some(pose);
                if let Some(before) = previous.filter(|_| !reset) {
                    latest = latest.max(Timestamp::from_seconds(t_s));
                    log.sample(latest, wheels, Reading::OdometryStep(step(before, pose)));
                }
                previous = Some(pose);
            }
            Some("FLASER") => {
                let count = fields.next().with_context(context)?;
                ensure!(count == BEAMS.to_string(), "{}: {count} beams", context());
                let mut after = fields.skip(BEAMS);
                let [x, y, yaw] = numbers(after.by_ref()).with_context(context)?;
                // The same pose again, then the stamp.
                let [t_s] = numbers(after.skip(3)).with_context(context)?;
                let (xy_m, yaw_rad) = (Some([x, y]), Some(yaw));
                let state = TruthState {
                    xy_m,
                    yaw_rad,
                    ..TruthState::default()
                };
                log.truth(Timestamp::from_seconds(t_s), state);
                corrected = Some([x, y, yaw]);
                start.get_or_insert(([x, y, 0.0], yaw));
            }
            _ => {}
        }
    }
    let (position_m, yaw_rad) = start.context("no scan")?;
    let vehicle = format!(
        "{VEHICLE}{}",
        start_toml(position_m, 0.1, Some((yaw_rad, 0.05)))
    );
    let protocol = Protocol::whole(Metric::HorizontalRmse);
    Recording::new("carmen", log, SITE.to_owned(), vehicle, protocol)
}

fn step([x_0, y_0, yaw_0]: [f64; 3], [x_1, y_1, yaw_1]: [f64; 3]) -> OdometryStep {
    let yaw_change_rad = wrap(yaw_1 - yaw_0);
    let (dx_m, dy_m) = (x_1 - x_0, y_1 - y_0);
    let middle_rad = yaw_0 + 0.5 * yaw_change_rad;
    let ahead_m = dx_m * middle_rad.cos() + dy_m * middle_rad.sin();
    let distance_m = dx_m.hypot(dy_m).copysign(ahead_m);
    OdometryStep {
        distance_m,
        yaw_change_rad: Some(yaw_change_rad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chained_increments_drift_as_true_odometry_does() {
        let Some(dir) = crate::sets::test_dir("carmen") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        assert_eq!(recording.truth().count(), 910);
        let start = recording.vehicle.start.unwrap();
        let [mut x_m, mut y_m, _] = start.position_m;
        let mut yaw_rad = start.yaw_deg.unwrap().to_radians();
        for sample in recording.samples() {
            let Reading::OdometryStep(step) = sample.reading else {
                unreachable!()
            };
            let turn_rad = step.yaw_change_rad.unwrap();
            x_m += step.distance_m * (yaw_rad + 0.5 * turn_rad).cos();
            y_m += step.distance_m * (yaw_rad + 0.5 * turn_rad).sin();
            yaw_rad += turn_rad;
        }
        let [x, y] = recording.truth().last().unwrap().state.xy_m.unwrap();
        let end_m = (x_m - x).hypot(y_m - y);
        println!("ends {end_m} m off");
        assert!((end_m - 62.0).abs() < 8.0);
    }
}
