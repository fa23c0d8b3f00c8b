//! Measurements where they were taken: rays to anchors and markers, rings about beacons, positions
//! with their sigma; all in the colour of their verdict.

use nalgebra::Vector3;
use rerun::{Color, LineStrips3D, Points3D};
use wayfix_sensors::Reading;
use wayfix_sensors::sample::Rssi;

use super::colour;
use super::pen::{Pen, path};
use super::site::{circles, width, xyz};
use crate::config::Source;
use crate::engine::{Estimate, Report, Setup, SourceSetup, gnss_place, path_loss};

/// How far an estimate is carried on by its velocity \[s\].
const CARRY_S: f64 = 2.0;
/// A ring larger than this tells nothing \[m\].
const MOST_RING_M: f64 = 300.0;

/// Draws one; `None` where it is of no place, or its place is not known.
pub fn draw(
    pen: &mut Pen,
    setup: &Setup,
    near: Option<&Estimate>,
    report: &Report,
    reading: &Reading,
) -> Option<()> {
    let index = setup.source_index(&report.source)?;
    let source = setup.sources.get(usize::from(index))?;
    let colour = colour::of_fate(report.fate);
    let at = path(["measurements", &report.source, report.kind.name()]);
    if let Some((p_n, sigma_m)) = place(setup, source, reading) {
        let point = Points3D::new([xyz(p_n)])
            .with_colors([colour])
            .with_radii([width(2.5)]);
        pen.draw(at.clone(), &point);
        let circle = circles([(p_n, sigma_m)])
            .with_colors([colour])
            .with_line_radii([width(0.5)]);
        pen.draw(at.join(&"sigma".into()), &circle);
        return Some(());
    }
    let from = sensor(near?, source, report)?;
    if let Reading::Rssi(rssi) = reading {
        let ring = circles([ring(setup, source, rssi, from.z)?])
            .with_colors([colour])
            .with_line_radii([width(0.75)]);
        pen.draw(at, &ring);
        return Some(());
    }
    let targets = targets(setup, reading);
    (!targets.is_empty()).then(|| pen.draw(at, &rays(from, &targets, colour)))
}

fn rays(from: Vector3<f64>, to: &[Vector3<f64>], colour: Color) -> LineStrips3D {
    LineStrips3D::new(to.iter().map(|to| [xyz(from), xyz(*to)]))
        .with_colors([colour])
        .with_radii([width(0.75)])
}

/// Where the sensor was: the estimate, carried on for the moment since.
fn sensor(e: &Estimate, source: &SourceSetup, report: &Report) -> Option<Vector3<f64>> {
    let since_s = report.t.seconds_since(e.t);
    (since_s.abs() <= CARRY_S).then(|| e.p_n + e.v_n * since_s + e.q_nb * source.p_bs)
}

/// The place that a reading states, and its sigma \[m\].
fn place(setup: &Setup, source: &SourceSetup, reading: &Reading) -> Option<(Vector3<f64>, f64)> {
    match (reading, &source.config) {
        (Reading::GnssPosition(fix), Source::Gnss(config)) => {
            let (p_n, sigma) = gnss_place(setup.datum.as_ref()?, config, fix);
            Some((p_n, sigma.x.max(sigma.y)))
        }
        (Reading::Position(p), Source::Pose(config)) => {
            let height_m = p.z_m.or(setup.motion.planar_height_m).unwrap_or(0.0);
            let p_n = Vector3::new(p.xy_m[0], p.xy_m[1], height_m);
            Some((p_n, p.sigma_m.unwrap_or(config.sigma_m)))
        }
        (Reading::Pose(p), Source::Pose(config)) => {
            Some((p.position_m.into(), p.sigma_m.unwrap_or(config.sigma_m)))
        }
        _ => None,
    }
}

/// Where the readings' anchors, landmarks, markers or portals are, as far as site.toml knows them.
fn targets(setup: &Setup, reading: &Reading) -> Vec<Vector3<f64>> {
    let anchor = |id: &str| setup.anchors.get(id).map(|a| a.p_n);
    let landmark = |id: &str| setup.landmarks.get(id).map(|l| l.p_n);
    let found = match reading {
        Reading::Range(r) => [anchor(&r.anchor), None],
        Reading::RangeDifference(r) => [anchor(&r.anchor_a), anchor(&r.anchor_b)],
        Reading::Bearing(r) => [anchor(&r.anchor).or_else(|| landmark(&r.anchor)), None],
        Reading::Landmark(r) => [landmark(&r.landmark), None],
        Reading::Pixel(r) => [landmark(&r.landmark), None],
        Reading::Marker(r) => [setup.markers.get(r.marker.as_str()).map(|m| m.p_n), None],
        Reading::Passage(r) => [setup.portals.get(r.portal.as_str()).map(|p| p.p_n), None],
        _ => [None, None],
    };
    found.into_iter().flatten().collect()
}

/// Where, at this height, a signal of this strength would come from on a clear day.
fn ring(
    setup: &Setup,
    source: &SourceSetup,
    reading: &Rssi,
    height_m: f64,
) -> Option<(Vector3<f64>, f64)> {
    let Source::Rssi(config) = &source.config else {
        return None;
    };
    let beacon = setup.beacons.get(reading.beacon.as_str())?;
    let (power_dbm, exponent) = path_loss(beacon, config, reading);
    let distance_m = 10.0_f64.powf((power_dbm - reading.rssi_dbm) / (10.0 * exponent));
    let above_m = beacon.p_n.z - height_m;
    let radius_m = (distance_m.powi(2) - above_m.powi(2)).max(0.0).sqrt();
    let centre = Vector3::new(beacon.p_n.x, beacon.p_n.y, height_m);
    (radius_m <= MOST_RING_M).then_some((centre, radius_m))
}
