//! Suspicions about a site by itself.

use std::f64::consts::PI;

use super::Findings;
use super::geometry::{area_m2, coincident, crossing};
use crate::config::Site;
use crate::config::site::Marker;

/// Beyond this the local tangent plane is centimetres off the ellipsoid's horizon, and the numbers
/// are more likely projected coordinates.
const FAR_M: f64 = 20_000.0;
/// Two devices closer than this are one device entered twice.
const SAME_PLACE_M: f64 = 0.05;

pub(super) fn check(site: &Site, found: &mut Findings) {
    let anchors: Vec<_> = site.anchors.iter().map(|a| a.position_m).collect();
    let beacons: Vec<_> = site.beacons.iter().map(|b| b.position_m).collect();
    let landmarks: Vec<_> = site.landmarks.iter().map(|l| l.position_m).collect();
    let markers: Vec<_> = site.markers.iter().map(|m| m.position_m).collect();
    let portals: Vec<_> = site.portals.iter().map(|p| p.position_m).collect();
    places("anchor", &anchors, found);
    places("beacon", &beacons, found);
    places("landmark", &landmarks, found);
    places("marker", &markers, found);
    places("portal", &portals, found);
    for (i, anchor) in site.anchors.iter().enumerate() {
        if anchor.bias_m.abs() > 2.0 {
            let key = format!("anchor[{i}].bias_m");
            found.site(
                key,
                format!(
                    "{} m is far for an antenna delay; centimetres are usual",
                    anchor.bias_m
                ),
            );
        }
        if site
            .landmarks
            .iter()
            .any(|landmark| landmark.id == anchor.id)
        {
            let id = &anchor.id;
            found.site(
                format!("anchor[{i}].id"),
                format!("{id:?} is a landmark's id too; a bearing to it goes to the anchor"),
            );
        }
    }
    for (i, beacon) in site.beacons.iter().enumerate() {
        if let Some(power) = beacon.power_dbm.filter(|p| !(-100.0..=-20.0).contains(p)) {
            let key = format!("beacon[{i}].power_dbm");
            found.site(
                key,
                format!("{power} dBm at 1 m is unlike a beacon; -80 to -40 is usual"),
            );
        }
        if let Some(n) = beacon
            .path_loss_exponent
            .filter(|n| !(1.2..=6.0).contains(n))
        {
            let key = format!("beacon[{i}].path_loss_exponent");
            found.site(key, format!("{n} is unlike any room; 1.6 to 4 is usual"));
        }
    }
    for (i, marker) in site.markers.iter().enumerate() {
        check_marker(marker, &format!("marker[{i}]"), found);
    }
    for (i, portal) in site.portals.iter().enumerate() {
        if portal.yaw_deg.is_none() && portal.width_m > 3.0 {
            found.site(
                format!("portal[{i}].width_m"),
                format!(
                    "a reading field of {} m is large for a point; a passage needs yaw_deg",
                    portal.width_m
                ),
            );
        }
        if portal.sigma_m > 3.0 {
            let key = format!("portal[{i}].sigma_m");
            found.site(
                key,
                format!("{} m is too vague to correct anything", portal.sigma_m),
            );
        }
    }
    for (i, map) in site.maps.iter().enumerate() {
        if map.pixel_m > 2.0 {
            let pixel_m = map.pixel_m;
            found.site(
                format!("map[{i}].pixel_m"),
                format!("a pixel of {pixel_m} m shows no floor plan; is it pixels a metre?"),
            );
        }
    }
    check_zones(site, found);
    check_earth(site, found);
}

fn places(list: &str, points: &[[f64; 3]], found: &mut Findings) {
    if let Some((i, j)) = coincident(points, SAME_PLACE_M) {
        let key = format!("{list}[{j}].position_m");
        found.site(
            key,
            format!("the same place as {list}[{i}]; was one copied and not surveyed?"),
        );
    }
    for (i, p) in points.iter().enumerate() {
        let key = format!("{list}[{i}].position_m");
        if *p == [0.0; 3] && points.len() > 1 {
            found.site(key, "exactly the origin; was it surveyed?");
        } else if p.iter().any(|x| x.abs() > FAR_M) {
            found.site(
                key,
                "more than 20 km from the origin; projected coordinates (UTM) need their offset taken off",
            );
        }
    }
}

fn check_marker(marker: &Marker, path: &str, found: &mut Findings) {
    let key = |name: &str| format!("{path}.{name}");
    if marker.sigma_m == 0.0 {
        found.site(
            key("sigma_m"),
            "0 claims a perfect survey; 0.005 m is a good one",
        );
    } else if marker.sigma_m > 0.3 {
        let sigma = marker.sigma_m;
        found.site(
            key("sigma_m"),
            format!("{sigma} m: not surveyed well enough to be a fixpoint"),
        );
    }
    if !(0.01..=3.0).contains(&marker.size_m) {
        found.site(
            key("size_m"),
            format!("a side of {} m; is it in metres?", marker.size_m),
        );
    }
    let [roll, pitch, _] = marker.rpy_deg;
    if roll == 0.0 && pitch == 0.0 && marker.position_m[2] > 1.5 {
        found.site(
            key("rpy_deg"),
            format!(
                "faces up from {} m; a ceiling marker read from below has roll 180",
                marker.position_m[2]
            ),
        );
    }
    if marker
        .rpy_deg
        .iter()
        .any(|angle| looks_like_radians(*angle))
    {
        found.site(key("rpy_deg"), "looks like radians; degrees are expected");
    }
}

/// Multiples of π/4 to four digits, which nobody writes in degrees.
fn looks_like_radians(angle: f64) -> bool {
    (1..=4).any(|quarters| (angle.abs() - f64::from(quarters) * PI / 4.0).abs() < 1e-3)
}

fn check_zones(site: &Site, found: &mut Findings) {
    for (i, zone) in site.zones.iter().enumerate() {
        let key = format!("zone[{i}].polygon_m");
        if zone.polygon_m.len() < 3 {
            let n = zone.polygon_m.len();
            found.site(
                key,
                format!("{n} corners enclose nothing; at least 3 are needed"),
            );
        } else if let Some((a, b)) = crossing(&zone.polygon_m) {
            found.site(key, format!("the edges after corners {a} and {b} cross"));
        } else if area_m2(&zone.polygon_m) < 1e-3 {
            found.site(key, "encloses no area");
        }
    }
    for (i, floor) in site.floors.iter().enumerate() {
        let same =
            |other: &crate::config::site::Floor| (other.height_m - floor.height_m).abs() < 0.5;
        if site.floors[..i].iter().any(same) {
            found.site(
                format!("floor[{i}].height_m"),
                "within 0.5 m of another floor",
            );
        }
    }
}

fn check_earth(site: &Site, found: &mut Findings) {
    if site
        .datum
        .is_some_and(|d| d.lat_deg == 0.0 && d.lon_deg == 0.0)
    {
        found.site("datum", "0, 0 is in the sea off Ghana; was it left blank?");
    }
    let Some(magnetic) = site.magnetic else {
        return;
    };
    if !(20.0..=70.0).contains(&magnetic.strength_ut) {
        let strength = magnetic.strength_ut;
        found.site(
            "magnetic.strength_ut",
            format!("{strength} µT; the Earth's field is between 22 and 67 µT"),
        );
    }
    if let Some(datum) = site.datum.filter(|d| d.lat_deg.abs() > 25.0)
        && datum.lat_deg * magnetic.inclination_deg < 0.0
    {
        found.site(
            "magnetic.inclination_deg",
            "down is positive, which it is in the north; the sign does not go with datum.lat_deg",
        );
    }
}
