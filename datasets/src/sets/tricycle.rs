//! tricycle: steering and traction encoders of a front-driven AGV, laser odometry as reference
//! (Sapienza Rome, G. Grisetti). For the calibration of the vehicle, not for positioning.
//!
//! Steering is an absolute encoder of 13 bits (above 4096 negative), traction a counter of 32 bits
//! that wraps once. The reference is the pose of the *laser* in the frame of its own start; the
//! file's `model_pose` is of another model and is ignored. vehicle.toml has the header's guesses.

use std::path::Path;

use anyhow::{Context, Result};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{PerWheel, WheelTicks};

use super::Options;
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name};
use crate::table::read;

const SITE: &str = "name = \"hall\"\n";

const VEHICLE: &str = r#"name = "front-driven AGV"

[motion]
drive = "tricycle"
wheelbase_m = 1.4
planar_height_m = 0.0

[source.wheels]
kind = "wheels"
wheels = ["front"]
# The header's guess: 0.0106141 m per 5000 counts, steering 0.1 of 2 pi in 8192 counts.
metres_per_tick = 2.12282e-6
tick_bits = 32
steering_rad_per_tick = 7.66990e-5
steering_tick_bits = 13
steering_offset_sigma_deg = 5.0

[source.laser]
kind = "pose"
mount.position_m = [1.5, 0.0, 0.0]
"#;

/// One line of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    t_s: f64,
    steering_ticks: i64,
    traction_ticks: i64,
    /// Laser: x, y \[m\], heading \[rad\].
    tracker: [f64; 3],
}

/// Reads the set's one file.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, _options: &Options) -> Result<Recording> {
    let path = dir.join("dataset.txt");
    let wheels = name("wheels")?;
    let mut log = Log::default();
    for (index, line) in read(&path)?.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let row = row(line).with_context(|| format!("{}:{}", path.display(), index + 1))?;
        let t = Timestamp::from_seconds(row.t_s);
        let ticks = WheelTicks {
            ticks: PerWheel::new(&[row.traction_ticks]).context("one wheel")?,
            steering_ticks: Some(row.steering_ticks),
        };
        log.sample(t, wheels, Reading::WheelTicks(ticks));
        let [x_m, y_m, yaw_rad] = row.tracker;
        let (xy_m, yaw_rad) = (Some([x_m, y_m]), Some(yaw_rad));
        log.truth(
            t,
            TruthState {
                xy_m,
                yaw_rad,
                ..TruthState::default()
            },
        );
    }
    let mut protocol = Protocol::whole(Metric::Calibration);
    protocol.truth_at = Some("laser");
    Recording::new(
        "tricycle",
        log,
        SITE.to_owned(),
        VEHICLE.to_owned(),
        protocol,
    )
}

/// `time: T ticks: STEERING TRACTION model_pose: X Y TH tracker_pose: X Y TH`
fn row(line: &str) -> Result<Row> {
    let mut values = line
        .split_ascii_whitespace()
        .filter(|word| !word.ends_with(':'));
    let mut next = || values.next().context("a value is missing");
    let t_s = next()?.parse()?;
    let (steering_ticks, traction_ticks) = (next()?.parse()?, next()?.parse()?);
    for _ in 0..3 {
        next()?;
    }
    let tracker = [next()?.parse()?, next()?.parse()?, next()?.parse()?];
    Ok(Row {
        t_s,
        steering_ticks,
        traction_ticks,
        tracker,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_by_its_labels() {
        let line = "time: 1600.5 ticks: 290 4294859756 model_pose: 0 0 0 tracker_pose: 1 2 -0.5";
        let expected = Row {
            t_s: 1600.5,
            steering_ticks: 290,
            traction_ticks: 4_294_859_756,
            tracker: [1.0, 2.0, -0.5],
        };
        assert_eq!(row(line).unwrap(), expected);
        assert!(row("time: 1 ticks: 2").is_err());
    }

    #[test]
    fn the_file_is_read_whole() {
        let Some(dir) = crate::sets::test_dir("tricycle") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        assert_eq!(
            (recording.samples().count(), recording.truth().count()),
            (2434, 2434)
        );
    }
}
