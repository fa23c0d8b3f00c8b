//! mrclam: a robot that sees barcode cylinders (range and bearing), Vicon truth (UTIAS, K. Leung
//! 2009; any dataset of the family, any robot).
//!
//! Odometry is the *command*: the robot follows after 0.10 s of dead time with a first-order lag of
//! 0.10 s, and turns 0.86 of what it is told. Measurements name barcodes, which the map file turns
//! into subjects: 1 to 5 are robots (reported as `robotN`, unknown to the site), from 6 landmarks.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use wayfix::config::Site;
use wayfix::config::site::Landmark as SiteLandmark;
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{Landmark, Twist};

use super::Options;
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name, site_toml, start_toml};
use crate::table::blank_separated;

/// Subjects up to this one are robots.
const ROBOTS: i64 = 5;

const VEHICLE: &str = r#"name = "iRobot Create with camera"

[motion]
drive = "differential"
track_m = 0.26
planar_height_m = 0.0

[source.wheels]
kind = "wheels"
# Commands: the robot follows after 0.1 s of dead time (the stamps are early) with a lag of 0.1 s.
delay_s = -0.15
lag_sigma_s = 0.0
time_constant_s = 0.1
distance_sigma_m_rtm = 0.05
lateral_sigma_m_rtm = 0.02
yaw_sigma_rad_rtm = 0.05
yaw_sigma_rad_rtrad = 0.2
scale_sigma = 0.1
yaw_rate_scale_sigma = 0.15
yaw_rate_bias_sigma_radps = 0.01

[source.camera]
kind = "landmark"
range_sigma_m = 0.2
range_sigma_ratio = 0.1
bearing_sigma_deg = 1.15
scale_sigma = 0.05
bias_sigma_m = 0.05
bearing_bias_sigma_deg = 1.0
"#;

/// Reads one robot of one dataset.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let robot = options.robot.unwrap_or(1);
    let file = |what: &str| dir.join(format!("Robot{robot}_{what}.dat"));
    let odometry = blank_separated::<3>(&file("Odometry"), 0)?;
    let measurements = blank_separated::<4>(&file("Measurement"), 0)?;
    let truth = blank_separated::<4>(&file("Groundtruth"), 0)?;
    let landmarks = blank_separated::<5>(&dir.join("Landmark_Groundtruth.dat"), 0)?;
    let subjects: BTreeMap<i64, i64> = blank_separated::<2>(&dir.join("Barcodes.dat"), 0)?
        .into_iter()
        .map(|[subject, barcode]| (barcode as i64, subject as i64))
        .collect();

    let mut log = Log::default();
    let (wheels, camera) = (name("wheels")?, name("camera")?);
    for &[t_s, forward_mps, yaw_rate_radps] in &odometry {
        let twist = Twist {
            forward_mps,
            yaw_rate_radps: Some(yaw_rate_radps),
        };
        log.sample(Timestamp::from_seconds(t_s), wheels, Reading::Twist(twist));
    }
    for [t_s, barcode, range_m, bearing_rad] in measurements {
        let id = match subjects.get(&(barcode as i64)) {
            Some(subject) if *subject <= ROBOTS => format!("robot{subject}"),
            Some(subject) => format!("landmark{subject}"),
            None => format!("barcode{barcode}"),
        };
        let landmark = Landmark {
            landmark: name(&id)?,
            range_m,
            bearing_rad,
        };
        log.sample(
            Timestamp::from_seconds(t_s),
            camera,
            Reading::Landmark(landmark),
        );
    }
    for &[t_s, x_m, y_m, yaw_rad] in &truth {
        let (xy_m, yaw_rad) = (Some([x_m, y_m]), Some(yaw_rad));
        let state = TruthState {
            xy_m,
            yaw_rad,
            ..TruthState::default()
        };
        log.truth(Timestamp::from_seconds(t_s), state);
    }

    let landmarks = landmarks
        .iter()
        .map(|&[subject, x_m, y_m, std_x_m, std_y_m]| SiteLandmark {
            id: format!("landmark{subject}"),
            position_m: [x_m, y_m, 0.0],
            sigma_m: std_x_m.max(std_y_m),
        });
    let site = Site {
        name: "Vicon room".to_owned(),
        landmarks: landmarks.collect(),
        ..Site::default()
    };
    // Truth begins seconds before the odometry; the start is where the odometry begins.
    let begin_s = odometry.first().context("no odometry")?[0];
    let &[_, x_m, y_m, yaw_rad] = truth
        .iter()
        .find(|row| row[0] >= begin_s)
        .context("no truth after the odometry begins")?;
    let start = start_toml([x_m, y_m, 0.0], 0.02, Some((yaw_rad, 0.02)));
    let protocol = Protocol::whole(Metric::HorizontalRmse);
    let vehicle = format!("{VEHICLE}{start}");
    Recording::new(
        format!("mrclam/robot{robot}"),
        log,
        site_toml(&site)?,
        vehicle,
        protocol,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sightings_fit_the_truth() {
        let Some(dir) = crate::sets::test_dir("mrclam") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let truth: Vec<_> = recording.truth().collect();
        let (mut landmarks, mut robots, mut bearings_rad) = (0, 0, Vec::new());
        for sample in recording.samples() {
            let Reading::Landmark(seen) = sample.reading else {
                continue;
            };
            robots += i32::from(seen.landmark.starts_with("robot"));
            let id = seen.landmark.as_str();
            let Some(landmark) = recording.site.landmarks.iter().find(|l| l.id == id) else {
                continue;
            };
            landmarks += 1;
            let row = &truth[truth.partition_point(|row| row.t < sample.t)].state;
            let (xy_m, p_m) = (row.xy_m.unwrap(), landmark.position_m);
            let azimuth_rad = (p_m[1] - xy_m[1]).atan2(p_m[0] - xy_m[0]) - row.yaw_rad.unwrap();
            bearings_rad.push(crate::frames::wrap(seen.bearing_rad - azimuth_rad).abs());
        }
        bearings_rad.sort_by(f64::total_cmp);
        assert_eq!((landmarks, robots), (1534, 407));
        assert!(bearings_rad[bearings_rad.len() / 2] < 0.02);
    }
}
