//! victoria_park: a car with a speed encoder, steering angle and standalone GPS under trees (ACFR,
//! University of Sydney).
//!
//! The speed is that of the left rear wheel, 0.76 m beside the middle of the axle. Steering is left
//! positive. The place of the antenna is not given. The GPS is the only truth, so it is scored where
//! it was withheld: 24 outages of 60 s, each in a replay of its own, at the antenna.

use std::path::Path;

use anyhow::{Context, Result};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{PerWheel, Position, Steering, WheelSpeeds};

use super::Options;
use crate::protocol::{Metric, Outage, Protocol, Window};
use crate::recording::{Log, Recording, name};
use crate::table::Table;

/// How often the GPS is withheld.
const OUTAGES: usize = 24;
/// For how long \[s\].
const OUTAGE_S: f64 = 60.0;
/// The filter's time to settle before the first of them \[s\].
const SETTLE_S: f64 = 60.0;

const SITE: &str = "name = \"Victoria Park\"\n";

const VEHICLE: &str = r#"name = "utility car"

[motion]
drive = "ackermann"
wheelbase_m = 2.83
track_m = 1.52
planar_height_m = 0.0

[source.wheels]
kind = "wheels"
wheels = ["rear_left"]
distance_sigma_m_rtm = 0.03
lateral_sigma_m_rtm = 0.02
yaw_sigma_rad_rtm = 0.01
yaw_sigma_rad_rtrad = 0.02
scale_sigma = 0.03
yaw_rate_scale_sigma = 0.03

[source.steering]
kind = "steering"
offset_sigma_deg = 1.0
offset_walk_deg_rts = 0.003

[source.gps]
kind = "pose"
# On the roof, somewhere between the axles.
mount.position_m = [2.0, 0.0, 0.0]
lever_sigma_m = 2.0
sigma_m = 0.15
drift_sigma_m = 2.0
drift_time_s = 30.0
"#;

/// Reads the set.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, _options: &Options) -> Result<Recording> {
    let time = |t_ms: f64| Timestamp(t_ms as i64 * 1_000_000);
    let (wheels, steering, gps) = (name("wheels")?, name("steering")?, name("gps")?);
    let mut log = Log::default();
    let odometry =
        Table::read(&dir.join("dr.csv"))?.columns(["t_ms", "speed_mps", "steering_rad"])?;
    for [t_ms, speed_mps, angle_rad] in odometry {
        // Steering first: the speed of the same instant is turned by it.
        log.sample(
            time(t_ms),
            steering,
            Reading::Steering(Steering { angle_rad }),
        );
        let speeds_mps = PerWheel::new(&[speed_mps]).context("one wheel")?;
        log.sample(
            time(t_ms),
            wheels,
            Reading::WheelSpeeds(WheelSpeeds { speeds_mps }),
        );
    }
    for [t_ms, x_m, y_m] in
        Table::read(&dir.join("gps.csv"))?.columns(["t_ms", "x_east_m", "y_north_m"])?
    {
        let xy_m = [x_m, y_m];
        let reading = Reading::Position(Position {
            xy_m,
            z_m: None,
            sigma_m: None,
        });
        log.sample(time(t_ms), gps, reading);
        log.truth(
            time(t_ms),
            TruthState {
                xy_m: Some(xy_m),
                ..TruthState::default()
            },
        );
    }

    let (first, last) = log.span().context("no samples")?;
    let windows = Window::spread(OUTAGES, OUTAGE_S, first.shifted(SETTLE_S), last);
    let outage = |window| Outage {
        source: "gps".to_owned(),
        window,
        damaged: false,
    };
    let protocol = Protocol {
        metric: Metric::OutageEnd,
        score: Vec::new(),
        outages: windows.into_iter().map(outage).collect(),
        truth_at: Some("gps"),
    };
    Recording::new(
        "victoria_park",
        log,
        SITE.to_owned(),
        VEHICLE.to_owned(),
        protocol,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayfix::log::Record;

    #[test]
    fn an_outage_takes_the_gps_and_nothing_else() {
        let Some(dir) = crate::sets::test_dir("victoria_park") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        assert_eq!(recording.protocol.outages.len(), OUTAGES);
        let outage = &recording.protocol.outages[3];
        let mut taken = 0;
        for sample in recording.samples() {
            taken += i32::from(sample.source.as_str() == "gps" && outage.window.contains(sample.t));
        }
        let left = outage.apply(&recording.records).count();
        assert!(taken > 0 && left + taken as usize == recording.records.len());
        let truth = |record: &&Record| matches!(record, Record::Truth(_));
        assert_eq!(outage.apply(&recording.records).filter(truth).count(), 4466);
    }
}
