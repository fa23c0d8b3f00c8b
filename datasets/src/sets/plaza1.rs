//! plaza1 and its family (Plaza2, Gesling): an autonomous mower with radio ranges to four nodes and
//! RTK truth (CMU, Djugash et al.; from gtsam's examples).
//!
//! Odometry row k covers the interval that ends at its stamp. Its heading change is the truth's own
//! (equal to 1e-15), so the set tests the ranging, not the odometry. Ranges are 6.9 % long. Heights
//! are not given: ranges count as horizontal.

use std::path::Path;

use anyhow::{Context, Result};
use wayfix::config::Site;
use wayfix::config::site::Anchor;
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{OdometryStep, Range};

use super::Options;
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name, site_toml, start_toml};
use crate::table::{Table, blank_separated, find};

const VEHICLE: &str = r#"name = "autonomous mower"

[motion]
drive = "differential"
planar_height_m = 0.0

[source.wheels]
kind = "wheels"
# Distance follows the truth's step to 20 %, a step being about 0.2 m.
distance_sigma_m_rtm = 0.09
lateral_sigma_m_rtm = 0.02
yaw_sigma_rad_rtm = 0.001
yaw_sigma_rad_rtrad = 0.01
scale_sigma = 0.02
yaw_rate_scale_sigma = 0.02
yaw_rate_bias_sigma_radps = 0.0005

[source.radio]
kind = "uwb"
horizontal = true
range_sigma_m = 0.55
scale_sigma = 0.1
bias_sigma_m = 0.1
# Reflections that change with the place.
drift_sigma_m = 0.3
drift_time_s = 2.0
"#;

/// Reads a run of the family: `*_DR.txt`, `*_TD.txt`, `truth.csv`, `beacons.csv`.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let run = options.run.as_deref().unwrap_or("");
    let odometry = blank_separated::<3>(&find(dir, run, "_DR.txt")?, 0)?;
    let ranges = blank_separated::<4>(&find(dir, run, "_TD.txt")?, 0)?;
    let truth =
        Table::read(&dir.join("truth.csv"))?.columns(["t_s", "x_m", "y_m", "heading_rad"])?;
    let beacons = Table::read(&dir.join("beacons.csv"))?.columns(["id", "x_m", "y_m"])?;

    let mut log = Log::default();
    let (wheels, radio) = (name("wheels")?, name("radio")?);
    for [t_s, distance_m, yaw_change_rad] in odometry {
        let step = OdometryStep {
            distance_m,
            yaw_change_rad: Some(yaw_change_rad),
        };
        log.sample(
            Timestamp::from_seconds(t_s),
            wheels,
            Reading::OdometryStep(step),
        );
    }
    for [t_s, _sender, beacon, range_m] in ranges {
        let anchor = name(&format!("{beacon}"))?;
        let range = Range {
            anchor,
            range_m,
            rx_power_dbm: None,
            first_path_dbm: None,
        };
        log.sample(Timestamp::from_seconds(t_s), radio, Reading::Range(range));
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

    let anchors = beacons.iter().map(|&[id, x_m, y_m]| Anchor {
        id: format!("{id}"),
        position_m: [x_m, y_m, 0.0],
        bias_m: 0.0,
    });
    let site = Site {
        name: "lawn".to_owned(),
        anchors: anchors.collect(),
        ..Site::default()
    };
    let &[_, x_m, y_m, yaw_rad] = truth.first().context("truth.csv has no row")?;
    let start = start_toml([x_m, y_m, 0.0], 0.1, Some((yaw_rad, 0.02)));
    let protocol = Protocol::whole(Metric::HorizontalRmse);
    Recording::new(
        "plaza1",
        log,
        site_toml(&site)?,
        format!("{VEHICLE}{start}"),
        protocol,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odometry_chains_to_the_truth() {
        let Some(dir) = crate::sets::test_dir("plaza1") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let start = recording.vehicle.start.unwrap();
        let (mut x_m, mut y_m) = (start.position_m[0], start.position_m[1]);
        let mut yaw_rad = start.yaw_deg.unwrap().to_radians();
        let mut truth = recording.truth().skip(1);
        let (mut sum_m2, mut count) = (0.0, 0);
        for sample in recording.samples() {
            let Reading::OdometryStep(step) = sample.reading else {
                continue;
            };
            let middle_rad = yaw_rad + 0.5 * step.yaw_change_rad.unwrap();
            x_m += step.distance_m * middle_rad.cos();
            y_m += step.distance_m * middle_rad.sin();
            yaw_rad += step.yaw_change_rad.unwrap();
            // Row k of the odometry carries the stamp of truth row k + 1.
            let row = truth.next().unwrap();
            assert!(row.t.seconds_since(sample.t).abs() < 1e-5);
            let xy_m = row.state.xy_m.unwrap();
            sum_m2 += (x_m - xy_m[0]).powi(2) + (y_m - xy_m[1]).powi(2);
            count += 1;
        }
        let rms_m = (sum_m2 / f64::from(count)).sqrt();
        assert!(count == 9657 && rms_m < 2.0, "{count} steps, {rms_m} m");
    }
}
