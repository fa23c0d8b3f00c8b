//! wifibot: wheel odometry of a skid-steered robot with OptiTrack truth, three runs (Mines ParisTech,
//! BSD-3).
//!
//! There is no absolute sensor. As a fork-lift that passes a floor tag, the robot is told its true
//! pose every 10 s (source `fix`), which also teaches the odometry; what counts is the error just
//! before a fix in the last third, when the wheel scale and yaw scale have been learned. Odometry is
//! 0.05 to 0.15 s late against the truth.

use std::path::Path;

use anyhow::{Context, Result};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{Pose, Twist};

use super::Options;
use crate::frames::level_wxyz;
use crate::protocol::{Metric, Protocol, Window};
use crate::recording::{Log, Recording, name, start_toml};
use crate::table::blank_separated;

/// Time between two fixes \[s\].
const FIX_S: f64 = 10.0;
/// Sigma of a fix \[m\].
const FIX_SIGMA_M: f64 = 0.05;
/// Sigma of its heading \[deg\].
const FIX_SIGMA_DEG: f64 = 1.0;
/// The stretch before a fix that counts \[s\].
const SCORE_S: f64 = 0.1;

const SITE: &str = "name = \"motion-capture arena\"\n";

const VEHICLE: &str = r#"name = "Wifibot"

[motion]
drive = "differential"
planar_height_m = 0.0

[source.wheels]
kind = "wheels"
delay_s = 0.06
distance_sigma_m_rtm = 0.03
lateral_sigma_m_rtm = 0.02
yaw_sigma_rad_rtm = 0.02
yaw_sigma_rad_rtrad = 0.02
scale_sigma = 0.05
yaw_rate_scale_sigma = 0.05
yaw_rate_bias_sigma_radps = 0.002

[source.fix]
kind = "pose"
sigma_m = 0.05
sigma_deg = 1.0
"#;

/// Reads one run: 1, 2 or 3.
///
/// # Errors
/// Missing or malformed files.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let run = options.run_or("1");
    let rows = blank_separated::<7>(&dir.join(format!("wifibot{run}.txt")), 1)?;
    let (wheels, fix) = (name("wheels")?, name("fix")?);
    let mut log = Log::default();
    let &[begin_s, _, _, _, yaw_0_rad, x_0_m, y_0_m] = rows.first().context("no rows")?;
    let mut next_fix_s = begin_s + FIX_S;
    let mut fixes = Vec::new();
    for &[t_s, yaw_rate_radps, forward_mps, _, yaw_rad, x_m, y_m] in &rows {
        let t = Timestamp::from_seconds(t_s);
        let twist = Twist {
            forward_mps,
            yaw_rate_radps: Some(yaw_rate_radps),
        };
        log.sample(t, wheels, Reading::Twist(twist));
        if t_s >= next_fix_s {
            next_fix_s += FIX_S;
            fixes.push(t);
            let pose = Pose {
                position_m: [x_m, y_m, 0.0],
                attitude_wxyz: level_wxyz(yaw_rad),
                sigma_m: Some(FIX_SIGMA_M),
                sigma_rad: Some(FIX_SIGMA_DEG.to_radians()),
            };
            log.sample(t, fix, Reading::Pose(pose));
        }
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
    let (first, last) = log.span().context("no samples")?;
    let last_third = first.shifted(last.seconds_since(first) * 2.0 / 3.0);
    let mut protocol = Protocol::whole(Metric::HorizontalRmse);
    let late_fixes = fixes.into_iter().filter(|t| *t >= last_third);
    protocol.score = late_fixes
        .map(|t| Window {
            from: t.shifted(-SCORE_S),
            until: t,
        })
        .collect();
    let start = start_toml([x_0_m, y_0_m, 0.0], 0.01, Some((yaw_0_rad, 0.01)));
    let vehicle = format!("{VEHICLE}{start}");
    Recording::new(
        format!("wifibot/{run}"),
        log,
        SITE.to_owned(),
        vehicle,
        protocol,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_fixes_and_windows_before_them() {
        let Some(dir) = crate::sets::test_dir("wifibot") else {
            return;
        };
        for (run, fixes, windows) in [("1", 3, 1), ("2", 11, 4), ("3", 8, 3)] {
            let options = Options {
                run: Some(run.to_owned()),
                ..Options::default()
            };
            let recording = load(&dir, &options).unwrap();
            let found = recording
                .samples()
                .filter(|s| s.source.as_str() == "fix")
                .count();
            println!(
                "run {run}: {found} fixes, {:?}",
                recording.protocol.score.len()
            );
            assert_eq!((found, recording.protocol.score.len()), (fixes, windows));
            assert!(
                recording
                    .truth()
                    .any(|row| recording.protocol.scores(row.t))
            );
        }
    }
}
