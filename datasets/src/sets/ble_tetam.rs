//! ble_tetam: a Bluetooth beacon walked through an office, signal strengths at twelve fixed sensors,
//! truth from AR tags (TETAM laboratory, CC0); five tracks.
//!
//! The beacon moves and the sensors are fixed; for the log-distance model that is the reverse of the
//! usual, so the sensors stand in site.toml as beacons. Their powers and the exponent are fitted to
//! the truth of `straight_01` and `straight_02` alone, as a commissioning walk would; the other three
//! tracks are scored. Nothing is left out: the one reading of +42 dBm in `straight_05` stays.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nalgebra::{DMatrix, DVector};
use wayfix::config::Site;
use wayfix::config::site::Beacon;
use wayfix::log::TruthState;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::Rssi;

use super::Options;
use crate::protocol::{Metric, Protocol};
use crate::recording::{Log, Recording, name, site_toml};
use crate::table::{Table, read};

/// Tracks whose truth the path loss is fitted to.
const FITTED: [&str; 2] = ["straight_01", "straight_02"];

const VEHICLE: &str = r#"name = "walked beacon"

[motion]
drive = "free"
# The beacon is carried at 1.5 to 2.0 m.
planar_height_m = 1.8
# Walking: a metre a second, in a direction that lasts two seconds.
accel_density_mps2_rthz = 1.0
speed_decay_s = 2.0

[source.rssi]
kind = "rssi"
# 6 dB, most of which is shadowing that lasts: twice that for an honest covariance.
sigma_db = 12.0
bias_sigma_db = 1.0
"#;

/// One packet at one sensor.
struct Packet {
    t: Timestamp,
    mac: String,
    rssi_dbm: f64,
    /// Beacon \[m\].
    position_m: [f64; 3],
}

struct Sensor {
    alias: String,
    position_m: [f64; 3],
}

/// Log-distance model: power at 1 m of each sensor, one exponent.
struct PathLoss {
    power_dbm: BTreeMap<String, f64>,
    exponent: f64,
}

/// Reads one track.
///
/// # Errors
/// Missing or malformed files, or a packet at a sensor that is not listed.
pub fn load(dir: &Path, options: &Options) -> Result<Recording> {
    let run = options.run_or("rectangular_with_rotation");
    let sensors = sensors(dir)?;
    let mut fitted = Vec::new();
    for track in FITTED {
        fitted.extend(packets(dir, track)?);
    }
    let path_loss = fit(&sensors, &fitted)?;

    let mut log = Log::default();
    let source = name("rssi")?;
    for packet in packets(dir, run)? {
        let sensor = sensors
            .get(&packet.mac)
            .with_context(|| format!("{run}: sensor {} is not listed", packet.mac))?;
        let beacon = name(&sensor.alias)?;
        let rssi = Rssi {
            beacon,
            rssi_dbm: packet.rssi_dbm,
            advertised_dbm: None,
        };
        log.sample(packet.t, source, Reading::Rssi(rssi));
        // Its height was held by hand, not measured.
        let [x_m, y_m, _] = packet.position_m;
        let state = TruthState {
            xy_m: Some([x_m, y_m]),
            ..TruthState::default()
        };
        log.truth(packet.t, state);
    }
    let beacons = sensors.iter().map(|(mac, sensor)| Beacon {
        id: sensor.alias.clone(),
        position_m: sensor.position_m,
        power_dbm: path_loss.power_dbm.get(mac).copied(),
        path_loss_exponent: Some(path_loss.exponent),
    });
    let site = Site {
        name: "office".to_owned(),
        beacons: beacons.collect(),
        ..Site::default()
    };
    let protocol = Protocol::whole(Metric::HorizontalMedian);
    let vehicle = VEHICLE.to_owned();
    Recording::new(
        format!("ble_tetam/{run}"),
        log,
        site_toml(&site)?,
        vehicle,
        protocol,
    )
}

fn sensors(dir: &Path) -> Result<BTreeMap<String, Sensor>> {
    let path = dir.join("sensors.csv");
    let positions = Table::read(&path)?.columns(["x_m", "y_m", "z_m"])?;
    let mut sensors = BTreeMap::new();
    for (line, position_m) in read(&path)?.lines().skip(1).zip(positions) {
        let mut fields = line.split(',');
        let (mac, alias) = (fields.next(), fields.next_back());
        let (mac, alias) = mac
            .zip(alias)
            .context("sensors.csv: a row without mac and alias")?;
        sensors.insert(
            mac.to_owned(),
            Sensor {
                alias: alias.trim().to_owned(),
                position_m,
            },
        );
    }
    Ok(sensors)
}

fn packets(dir: &Path, track: &str) -> Result<Vec<Packet>> {
    let path = dir.join(format!("{track}.mbd"));
    let mut packets = Vec::new();
    for (index, line) in read(&path)?.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let context = || format!("{}:{}", path.display(), index + 1);
        ensure!(fields.len() >= 7, "{}: {} fields", context(), fields.len());
        let number = |k: usize| fields[k].trim().parse::<f64>().with_context(context);
        packets.push(Packet {
            t: Timestamp::from_seconds(number(0)?),
            mac: fields[1].to_owned(),
            rssi_dbm: number(3)?,
            position_m: [number(4)?, number(5)?, number(6)?],
        });
    }
    Ok(packets)
}

/// Linear least squares of `rssi = power_i − 10 n log10(d)` in all powers and the exponent.
fn fit(sensors: &BTreeMap<String, Sensor>, packets: &[Packet]) -> Result<PathLoss> {
    let index: BTreeMap<&String, usize> = sensors.keys().zip(0..).collect();
    let unknowns = index.len() + 1;
    let (mut normal, mut right) = (DMatrix::zeros(unknowns, unknowns), DVector::zeros(unknowns));
    for packet in packets {
        let (sensor, row) = sensors
            .get(&packet.mac)
            .zip(index.get(&packet.mac))
            .with_context(|| format!("sensor {} is not listed", packet.mac))?;
        let squares = sensor
            .position_m
            .iter()
            .zip(packet.position_m)
            .map(|(a, b)| (a - b).powi(2));
        let mut jacobian = DVector::zeros(unknowns);
        jacobian[*row] = 1.0;
        jacobian[unknowns - 1] = -5.0 * squares.sum::<f64>().log10();
        normal.ger(1.0, &jacobian, &jacobian, 1.0);
        right.axpy(packet.rssi_dbm, &jacobian, 1.0);
    }
    let solution = normal
        .cholesky()
        .context("a sensor without packets")?
        .solve(&right);
    let power_dbm = index
        .into_iter()
        .map(|(mac, row)| (mac.clone(), solution[row]))
        .collect();
    Ok(PathLoss {
        power_dbm,
        exponent: solution[unknowns - 1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_loss_is_that_of_an_office() {
        let Some(dir) = crate::sets::test_dir("ble_tetam") else {
            return;
        };
        let recording = load(&dir, &Options::default()).unwrap();
        assert_eq!(recording.site.beacons.len(), 12);
        let powers: Vec<f64> = recording
            .site
            .beacons
            .iter()
            .map(|b| b.power_dbm.unwrap())
            .collect();
        let mean_dbm = powers.iter().sum::<f64>() / 12.0;
        let exponent = recording.site.beacons[0].path_loss_exponent.unwrap();
        println!("power {mean_dbm:.1} dBm, exponent {exponent:.2}, {powers:.1?}");
        assert!((-64.0..-56.0).contains(&mean_dbm) && (1.3..1.9).contains(&exponent));
        assert_eq!(recording.samples().count(), 1935);
    }
}
