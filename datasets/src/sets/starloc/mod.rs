//! starloc: a rig in a Vicon room with two UWB tags, a stereo camera that sees AprilTags and an IMU
//! (UTIAS; arXiv 2309.05518). Body: the rig.
//!
//! **One time base: the IMU's own stamps.** Each table has its own zero and its own lag:
//! - The gyro shows a motion 0.03 s before the truth columns of its table do, so the truth of the IMU
//!   table moves *back*: `t = time_s − 0.03`.
//! - Ranges agree with the truth columns of their table (best lag 0.00 s), and those columns are the
//!   same Vicon poses as the IMU table's, 1.425 s later: `t = time_s + 1.425 − 0.03`.
//! - Images show the rig as their table's truth columns have it 0.083 s earlier:
//!   `t = time_s + offset − 0.083 − 0.03`, offset 1.565 s (s1) or 0.147 s (s2).
//!
//! Anchors have other names in the ranges than in the survey (`ANCHORS`); AprilTags 35 and 36 are
//! exchanged in the survey; the IMU hangs upside down. The extrinsics of `calib.json` are off by 10
//! degrees: the README's refit is used. Ranges are raw, not the authors' calibrated ones. A second of the
//! truth turns against the gyro and is left out (`truth.rs`).

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use wayfix::config::Site;
use wayfix::config::site::{Anchor, Landmark};
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{Imu, Pixel, Range};

use super::Options;
use crate::frames::{from_wxyz, to_wxyz};
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name, site_toml, start_toml};
use crate::table::{Table, find, read};

mod truth;
mod vehicle;

/// The truth columns show a motion so much later than the gyro \[s\].
const TRUTH_LATE_S: f64 = 0.03;
/// Images show the rig as the truth columns have it so much earlier \[s\].
const IMAGE_LATE_S: f64 = 0.083;
/// Names of the anchors in the ranges, and of their markers in the survey.
const ANCHORS: [(u32, u32); 8] = [
    (4, 12),
    (5, 15),
    (6, 16),
    (7, 11),
    (9, 9),
    (10, 13),
    (11, 10),
    (12, 6),
];

/// What differs between the two setups.
struct Setup {
    /// From the zero of the UWB table to the IMU's \[s\].
    uwb_offset_s: f64,
    /// From the zero of the AprilTag table to the IMU's \[s\].
    image_offset_s: f64,
    /// Camera ← rig, row by row.
    r_cs: [[f64; 3]; 3],
    /// Origin of the rig in the camera \[m\].
    p_cs_m: [f64; 3],
}

const S1: Setup = Setup {
    uwb_offset_s: 1.425,
    image_offset_s: 1.565,
    r_cs: [
        [0.0200, 0.9998, -0.0072],
        [-0.1618, 0.0104, 0.9868],
        [0.9866, -0.0185, 0.1620],
    ],
    p_cs_m: [0.120, 0.041, 0.002],
};
const S2: Setup = Setup {
    uwb_offset_s: f64::NAN,
    image_offset_s: 0.147,
    r_cs: [
        [0.0088, 0.9999, -0.0091],
        [-0.1627, 0.0104, 0.9866],
        [0.9866, -0.0072, 0.1628],
    ],
    p_cs_m: [0.148, 0.043, 0.018],
};

/// Intrinsics of the rectified stereo pair, from `*_calib.json`.
#[derive(Deserialize)]
struct Calibration {
    fu: f64,
    fv: f64,
    cu: f64,
    cv: f64,
    /// Stereo base \[m\].
    b: f64,
}

/// Reads a run: `s1` (UWB, tags, IMU) or `s2` (tags, IMU).
///
/// # Errors
/// Missing or malformed files, or a run that has no known offsets.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let run = options.run_or("s1");
    let setup = match run {
        "s1" => S1,
        "s2" => S2,
        _ => bail!("starloc run {run:?}: time offsets are known for s1 and s2 only"),
    };
    let imu_path = find(dir, "", &format!("_{run}_imu.csv"))?;
    let prefix = imu_path
        .to_string_lossy()
        .trim_end_matches("imu.csv")
        .to_owned();
    let calibration: Calibration =
        serde_json::from_str(&read(Path::new(&format!("{prefix}calib.json")))?)
            .with_context(|| format!("{prefix}calib.json"))?;

    let mut log = Log::default();
    imu_and_truth(&imu_path, &mut log)?;
    let uwb = format!("{prefix}uwb.csv");
    let has_uwb = Path::new(&uwb).exists();
    if has_uwb {
        ranges(Path::new(&uwb), &setup, &mut log)?;
    }
    pixels(
        Path::new(&format!("{prefix}apriltag_cal_individual.csv")),
        &setup,
        &mut log,
    )?;

    let mut vehicle = vehicle::toml(&calibration, &setup, has_uwb);
    if !has_uwb {
        // Pixels correct a pose but do not find one.
        vehicle += &start(&log)?;
    }
    let protocol = Protocol::whole(Metric::PositionRmse);
    Recording::new(
        format!("starloc/{run}"),
        log,
        site_toml(&site(dir)?)?,
        vehicle,
        protocol,
    )
}

fn imu_and_truth(path: &Path, log: &mut Log) -> Result<()> {
    let imu = name("imu")?;
    let table = Table::read(path)?;
    let rows = table.columns([
        "time_s",
        "angular_velocity_x",
        "angular_velocity_y",
        "angular_velocity_z",
        "linear_acceleration_x",
        "linear_acceleration_y",
        "linear_acceleration_z",
    ])?;
    for &[t_s, p, q, r, x, y, z] in &rows {
        let reading = Imu {
            gyro_radps: [p, q, r],
            accel_mps2: Some([x, y, z]),
        };
        log.sample(Timestamp::from_seconds(t_s), imu, Reading::Imu(reading));
    }
    let gyro: Vec<_> = rows
        .iter()
        .map(|&[t_s, p, q, r, ..]| (t_s, nalgebra::Vector3::new(p, q, r)))
        .collect();
    let rows = table.columns(["time_s", "x", "y", "z", "w", "rot_x", "rot_y", "rot_z"])?;
    let poses: Vec<_> = rows
        .iter()
        .map(|&[t_s, _, _, _, ref wxyz @ ..]| (t_s - TRUTH_LATE_S, from_wxyz(*wxyz)))
        .collect();
    let wrong = truth::wrong(&gyro, &poses);
    for [t_s, x_m, y_m, z_m, wxyz @ ..] in rows {
        let at_s = t_s - TRUTH_LATE_S;
        if wrong
            .iter()
            .any(|(from_s, until_s)| (*from_s..=*until_s).contains(&at_s))
        {
            continue;
        }
        let state = TruthState {
            xy_m: Some([x_m, y_m]),
            z_m: Some(z_m),
            attitude_wxyz: Some(to_wxyz(&from_wxyz(wxyz))),
            ..TruthState::default()
        };
        log.truth(Timestamp::from_seconds(at_s), state);
    }
    Ok(())
}

/// The start by the first row of the truth.
fn start(log: &Log) -> Result<String> {
    let state = log.first_truth().context("no truth")?.state;
    let (xy_m, z_m) = state
        .xy_m
        .zip(state.z_m)
        .context("truth without a position")?;
    let attitude = from_wxyz(state.attitude_wxyz.context("truth without an attitude")?);
    let (_, _, yaw_rad) = attitude.euler_angles();
    Ok(start_toml(
        [xy_m[0], xy_m[1], z_m],
        0.1,
        Some((yaw_rad, 0.1)),
    ))
}

fn ranges(path: &Path, setup: &Setup, log: &mut Log) -> Result<()> {
    let tags = [name("uwb_tag1")?, name("uwb_tag2")?];
    let rows =
        Table::read(path)?.columns(["time_s", "range", "from_id", "to_id", "fpp1", "fpp2"])?;
    for [t_s, range_m, from, to, power_1_dbm, power_2_dbm] in rows {
        let source = *tags
            .get(from as usize - 1)
            .context("a tag other than 1 and 2")?;
        let range = Range {
            anchor: name(&format!("{to}"))?,
            range_m,
            rx_power_dbm: None,
            first_path_dbm: Some(0.5 * (power_1_dbm + power_2_dbm)),
        };
        let t = Timestamp::from_seconds(t_s + setup.uwb_offset_s - TRUTH_LATE_S);
        log.sample(t, source, Reading::Range(range));
    }
    Ok(())
}

fn pixels(path: &Path, setup: &Setup, log: &mut Log) -> Result<()> {
    let (left, right) = (name("camera_left")?, name("camera_right")?);
    let rows = Table::read(path)?.columns([
        "time_s",
        "apriltag_id",
        "left_u",
        "left_v",
        "right_u",
        "right_v",
    ])?;
    for [t_s, tag, left_u, left_v, right_u, right_v] in rows {
        let t = Timestamp::from_seconds(t_s + setup.image_offset_s - IMAGE_LATE_S - TRUTH_LATE_S);
        let landmark = name(&format!("tag{tag}"))?;
        let pixel = |u: f64, v: f64| {
            Reading::Pixel(Pixel {
                landmark,
                uv_px: [u, v],
            })
        };
        log.sample(t, left, pixel(left_u, left_v));
        log.sample(t, right, pixel(right_u, right_v));
    }
    Ok(())
}

fn site(dir: &Path) -> Result<Site> {
    let mut site = Site {
        name: "Vicon room".to_owned(),
        ..Site::default()
    };
    // The marker's number stands in a column without a name.
    let markers = Table::read(&dir.join("uwb_markers_v1.csv"))?.columns(["", "x", "y", "z"])?;
    for (id, marker) in ANCHORS {
        let &[_, x_m, y_m, z_m] = markers
            .iter()
            .find(|row| row[0] == f64::from(marker))
            .with_context(|| format!("no UWB marker {marker}"))?;
        let position_m = [x_m, y_m, z_m];
        site.anchors.push(Anchor {
            id: id.to_string(),
            position_m,
            bias_m: 0.0,
        });
    }
    let tags =
        Table::read(&dir.join("environment_v1.csv"))?.columns(["april_id", "x", "y", "z"])?;
    for [id, x_m, y_m, z_m] in tags {
        // Exchanged in the survey: all sightings of both then fit to 4 to 6 px.
        let id = match id as i64 {
            35 => 36,
            36 => 35,
            id => id,
        };
        let position_m = [x_m, y_m, z_m];
        site.landmarks.push(Landmark {
            id: format!("tag{id}"),
            position_m,
            // Survey and the refitted camera mount together: 5 px at a few metres.
            sigma_m: 0.03,
        });
    }
    Ok(site)
}

#[cfg(test)]
mod tests;
