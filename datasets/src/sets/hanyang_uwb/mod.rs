//! hanyang_uwb: a moving platform with a UWB tag around four clustered anchors, RTK truth (Hanyang
//! University, Apache-2.0); runs `los_a1`, `los_b3`, `nlos_a1`, `nlos_b3`.
//!
//! Reference point: the tag, 1.0 m above the truth's z and 0.185 m ahead of the satellite antenna.
//! The truth is made of the satellite positions; only rows with status 2 (RTK fixed) are truth, and
//! only the authors' window counts. The ranges are 0.2 s late against the satellites' time, which no
//! sensor of the run can tell. With `--gnss` the positions are in the log too; the anchors' grid is
//! then turned and shifted against east and north, and the truth with it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use nalgebra::Vector2;
use wayfix::config::Site;
use wayfix::config::site::Anchor;
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{GnssFix, GnssPosition, Range};

use super::Options;
use crate::protocol::{Metric, Protocol, Window};
use crate::recording::{Log, Recording, name, site_toml};
use crate::table::Table;

const ANCHORS: [&str; 4] = ["A3", "A5", "A9", "A12"];
/// Tag above the truth's z \[m\].
const TAG_UP_M: f64 = 1.0;
/// Status of an RTK fix.
const RTK_FIXED: f64 = 2.0;

const VEHICLE: &str = r#"name = "platform with a tag"

[motion]
drive = "free"
planar_height_m = 1.0
# A square outdoors.
planar_sigma_m = 0.1
accel_density_mps2_rthz = 0.8

[source.uwb]
kind = "uwb"
# Two to three times the white part, because errors last.
range_sigma_m = 0.15
bias_sigma_m = 0.03
drift_sigma_m = 0.03
drift_time_s = 2.0
# The radio's stamps are late against the satellites' clock, which is the truth's.
delay_s = 0.2
"#;

const GNSS: &str = r#"
[source.gnss]
kind = "gnss"
mount.position_m = [-0.185, 0.0, 0.0]
use_height = false
"#;

mod grid;

/// A row of the truth with the satellite position that it was made of.
struct Row {
    t: Timestamp,
    /// Tag on the anchors' grid \[m\].
    grid: Vector2<f64>,
    z_m: f64,
    yaw_rad: f64,
    fixed: bool,
    lat_deg: f64,
    lon_deg: f64,
    altitude_m: f64,
    sigma_enu_m: [f64; 3],
}

/// Reads one run.
///
/// # Errors
/// Missing or malformed files, or a run whose window is not known.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let run = options.run_or("los_a1");
    let window_s = match run {
        "los_a1" => [51.6, 191.4],
        "los_b3" => [56.9, 149.6],
        "nlos_a1" => [54.3, 223.5],
        "nlos_b3" => [55.4, 138.5],
        _ => bail!("hanyang_uwb run {run:?}: los_a1, los_b3, nlos_a1 or nlos_b3"),
    };
    let mut log = Log::default();
    let anchors = ranges(dir, run, &mut log)?;
    let rows = rows(dir, run)?;
    let mut site = Site {
        name: format!("campus {run}"),
        anchors,
        ..Site::default()
    };
    let mut vehicle = VEHICLE.to_owned();
    if options.gnss {
        satellites(&rows, &mut log)?;
        let (datum, grid) = grid::fit(&rows)?;
        (site.datum, site.grid) = (Some(datum), Some(grid));
        vehicle += GNSS;
    }
    for row in rows.iter().filter(|row| row.fixed) {
        let (p_n, yaw_rad) = match &site.grid {
            None => (row.grid, row.yaw_rad),
            Some(grid) => (
                grid::on_site(grid, row.grid),
                row.yaw_rad + grid.yaw_deg.to_radians(),
            ),
        };
        let state = TruthState {
            xy_m: Some([p_n.x, p_n.y]),
            z_m: Some(row.z_m + TAG_UP_M),
            yaw_rad: Some(yaw_rad),
            ..TruthState::default()
        };
        log.truth(row.t, state);
    }
    let zero = rows.first().context("no truth")?.t;
    let mut protocol = Protocol::whole(Metric::HorizontalRmse);
    let [from, until] = window_s.map(|s| zero.shifted(s));
    protocol.score = vec![Window { from, until }];
    Recording::new(
        format!("hanyang_uwb/{run}"),
        log,
        site_toml(&site)?,
        vehicle,
        protocol,
    )
}

fn ranges(dir: &Path, run: &str, log: &mut Log) -> Result<Vec<Anchor>> {
    let uwb = name("uwb")?;
    let mut anchors = Vec::new();
    for id in ANCHORS {
        let rows = Table::read(&dir.join(format!("{run}_{id}.csv")))?.columns([
            "field.stamp",
            "field.x",
            "field.y",
            "field.z",
            "field.distanceFromTag",
            "field.rssi",
            "field.rssi_fp",
        ])?;
        for &[t_ns, _, _, _, range_m, rx_power_dbm, first_path_dbm] in &rows {
            let range = Range {
                anchor: name(id)?,
                range_m,
                rx_power_dbm: Some(rx_power_dbm),
                first_path_dbm: Some(first_path_dbm),
            };
            log.sample(Timestamp(t_ns as i64), uwb, Reading::Range(range));
        }
        let &[_, x_m, y_m, z_m, ..] = rows.first().with_context(|| format!("{id} has no range"))?;
        anchors.push(Anchor {
            id: id.to_owned(),
            position_m: [x_m, y_m, z_m],
            bias_m: 0.0,
        });
    }
    Ok(anchors)
}

/// Truth beside the satellite row of the same stamp (both to 1 ms; the truth's is a rounded float).
fn rows(dir: &Path, run: &str) -> Result<Vec<Row>> {
    let truth = Table::read(&dir.join(format!("{run}_trajectory.csv")))?.columns([
        "timestamp",
        "x",
        "y",
        "z",
        "heading_degrees",
    ])?;
    let gnss = Table::read(&dir.join(format!("{run}_gnss.csv")))?.columns([
        "field.header.stamp",
        "field.status.status",
        "field.latitude",
        "field.longitude",
        "field.altitude",
        "field.position_covariance0",
        "field.position_covariance4",
        "field.position_covariance8",
    ])?;
    let mut rows = Vec::new();
    for [t_ns, x_m, y_m, z_m, heading_deg] in truth {
        let &[_, status, lat_deg, lon_deg, altitude_m, covariance @ ..] = gnss
            .iter()
            .min_by(|a, b| (a[0] - t_ns).abs().total_cmp(&(b[0] - t_ns).abs()))
            .filter(|row| (row[0] - t_ns).abs() < 1e6)
            .with_context(|| format!("{run}: truth at {t_ns} ns has no satellite row"))?;
        rows.push(Row {
            t: Timestamp(t_ns as i64),
            grid: Vector2::new(x_m, y_m),
            z_m,
            yaw_rad: heading_deg.to_radians(),
            fixed: status == RTK_FIXED,
            lat_deg,
            lon_deg,
            altitude_m,
            sigma_enu_m: covariance.map(f64::sqrt),
        });
    }
    Ok(rows)
}

fn satellites(rows: &[Row], log: &mut Log) -> Result<()> {
    let gnss = name("gnss")?;
    for row in rows {
        let position = GnssPosition {
            lat_deg: row.lat_deg,
            lon_deg: row.lon_deg,
            height_m: Some(row.altitude_m),
            fix: if row.fixed {
                GnssFix::RtkFixed
            } else {
                GnssFix::Single
            },
            sigma_enu_m: Some(row.sigma_enu_m),
            hdop: None,
            satellites: None,
        };
        log.sample(row.t, gnss, Reading::GnssPosition(position));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nalgebra::Vector3;

    use super::*;
    use crate::frames::{TangentPlane, ecef};

    #[test]
    fn the_grid_brings_the_truth_onto_the_satellites() {
        let Some(dir) = crate::sets::test_dir("hanyang_uwb") else {
            return;
        };
        for run in ["los_a1", "los_b3", "nlos_a1", "nlos_b3"] {
            let options = Options {
                run: Some(run.to_owned()),
                gnss: true,
                ..Options::default()
            };
            let recording = load(&dir, &options).unwrap();
            let datum = recording.site.datum.unwrap();
            let plane = TangentPlane::new(datum.lat_deg, datum.lon_deg, datum.height_m);
            let fixes: Vec<_> = recording
                .samples()
                .filter_map(|sample| match sample.reading {
                    Reading::GnssPosition(p) if p.fix == GnssFix::RtkFixed => Some(p),
                    _ => None,
                })
                .collect();
            assert_eq!(fixes.len(), recording.truth().count());
            for (fix, row) in fixes.iter().zip(recording.truth()) {
                let p_n = plane.enu(&ecef(fix.lat_deg, fix.lon_deg, fix.height_m.unwrap()));
                let (sin, cos) = row.state.yaw_rad.unwrap().sin_cos();
                let [x, y] = row.state.xy_m.unwrap();
                let antenna = Vector2::new(x - 0.185 * cos, y - 0.185 * sin);
                assert!((antenna - p_n.xy()).norm() < 0.02, "{run}: {antenna} {p_n}");
            }
            println!("{run}: {:?}", recording.site.grid);
        }
    }

    #[test]
    fn ranges_fit_the_truth() {
        let Some(dir) = crate::sets::test_dir("hanyang_uwb") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        let truth: Vec<_> = recording.truth().collect();
        let mut errors_m = Vec::new();
        for sample in recording.samples() {
            let Reading::Range(range) = sample.reading else {
                continue;
            };
            let Some(row) = truth.get(truth.partition_point(|row| row.t < sample.t)) else {
                break;
            };
            let anchor = recording
                .site
                .anchors
                .iter()
                .find(|a| a.id == range.anchor.as_str())
                .unwrap();
            let [x, y] = row.state.xy_m.unwrap();
            let d_m = Vector3::new(x, y, TAG_UP_M) - Vector3::from(anchor.position_m);
            errors_m.push((range.range_m - d_m.norm()).abs());
        }
        errors_m.sort_by(f64::total_cmp);
        assert!(
            errors_m[errors_m.len() / 2] < 0.25,
            "{}",
            errors_m[errors_m.len() / 2]
        );
    }
}
