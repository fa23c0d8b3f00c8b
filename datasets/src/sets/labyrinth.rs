//! labyrinth: a small differential-drive robot among walls, UWB to four corners, one anchor an epoch
//! (TU Chemnitz, T. Pfeifer; from libRSF, CC BY-SA 4.0).
//!
//! The second wheel column is the right wheel, and the file's "wheelbase" of 0.0785 m is half the
//! track. A speed with stamp k belongs to the interval that *begins* there (correlation with the
//! truth's step k to k+1 0.925, with step k−1 to k 0.869), so its stamp is early by half a step.
//! Truth has no heading.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{PerWheel, Range, WheelSpeeds};

use super::Options;
use crate::protocol::{Metric, Protocol, Window};
use crate::recording::{Log, Recording, name};
use crate::table::{find, numbers, read};

/// Time left to the filter to find its heading \[s\].
const SETTLE_S: f64 = 60.0;

const SITE: &str = r#"name = "labyrinth"

[[anchor]]
id = "105"
position_m = [-0.02, -0.01, 0.0]
[[anchor]]
id = "107"
position_m = [-0.02, 2.365, 0.0]
[[anchor]]
id = "108"
position_m = [2.385, 2.36, 0.0]
[[anchor]]
id = "109"
position_m = [2.385, -0.005, 0.0]
"#;

const VEHICLE: &str = r#"name = "small differential robot"

[motion]
drive = "differential"
track_m = 0.157
planar_height_m = 0.0

[source.wheels]
kind = "wheels"
wheels = ["rear_left", "rear_right"]
# A speed belongs to the interval that begins at its stamp: half a step of 0.128 s early.
delay_s = -0.064
distance_sigma_m_rtm = 0.03
lateral_sigma_m_rtm = 0.01
yaw_sigma_rad_rtm = 0.05
yaw_sigma_rad_rtrad = 0.05
scale_sigma = 0.02
yaw_rate_scale_sigma = 0.05

[source.uwb]
kind = "uwb"
horizontal = true
range_sigma_m = 0.15
scale_sigma = 0.02
bias_sigma_m = 0.1
"#;

/// Reads the set's one file.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let path = find(dir, options.run_or("Data_"), ".txt")?;
    let mut log = Log::default();
    let (wheels, uwb) = (name("wheels")?, name("uwb")?);
    for (index, line) in read(&path)?.lines().enumerate() {
        let mut fields = line.split_ascii_whitespace();
        let Some(kind) = fields.next() else { continue };
        let context = || format!("{}:{}", path.display(), index + 1);
        match kind {
            "range2" => {
                let [t_s, range_m, _, _, _, id] = numbers(fields).with_context(context)?;
                let anchor = name(&format!("{id}"))?;
                let range = Range {
                    anchor,
                    range_m,
                    rx_power_dbm: None,
                    first_path_dbm: None,
                };
                log.sample(Timestamp::from_seconds(t_s), uwb, Reading::Range(range));
            }
            "odom2diff" => {
                let [t_s, left_mps, right_mps] = numbers(fields).with_context(context)?;
                let speeds_mps = PerWheel::new(&[left_mps, right_mps]).context("two wheels")?;
                let reading = Reading::WheelSpeeds(WheelSpeeds { speeds_mps });
                log.sample(Timestamp::from_seconds(t_s), wheels, reading);
            }
            "gt2" => {
                let [t_s, x_m, y_m] = numbers(fields).with_context(context)?;
                let state = TruthState {
                    xy_m: Some([x_m, y_m]),
                    ..TruthState::default()
                };
                log.truth(Timestamp::from_seconds(t_s), state);
            }
            _ => bail!("{}: kind {kind:?} is not known", context()),
        }
    }
    let mut protocol = Protocol::whole(Metric::HorizontalRmse);
    let (first, last) = log.span().context("no samples")?;
    protocol.score = vec![Window {
        from: first.shifted(SETTLE_S),
        until: last + 1,
    }];
    Recording::new(
        "labyrinth",
        log,
        SITE.to_owned(),
        VEHICLE.to_owned(),
        protocol,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_fit_the_truth_with_the_known_bias() {
        let Some(dir) = crate::sets::test_dir("labyrinth") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        assert_eq!(recording.records.len(), 3 * 7273);
        let mut errors_m = Vec::new();
        for (sample, truth) in recording
            .samples()
            .filter(|sample| matches!(sample.reading, Reading::Range(_)))
            .zip(recording.truth())
        {
            let Reading::Range(range) = sample.reading else {
                unreachable!()
            };
            assert_eq!(sample.t, truth.t);
            let anchor = recording
                .site
                .anchors
                .iter()
                .find(|a| a.id == range.anchor.as_str())
                .unwrap();
            let xy_m = truth.state.xy_m.unwrap();
            let dx_m = xy_m[0] - anchor.position_m[0];
            errors_m.push(range.range_m - dx_m.hypot(xy_m[1] - anchor.position_m[1]));
        }
        errors_m.sort_by(f64::total_cmp);
        let median_m = errors_m[errors_m.len() / 2];
        assert!(
            (median_m - 0.105).abs() < 0.03,
            "median range error {median_m} m"
        );
    }
}
