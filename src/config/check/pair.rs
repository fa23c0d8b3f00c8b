//! Suspicions about a site and a vehicle together: sources that nothing there supports, things
//! there that no source senses, and geometry that leaves the position ambiguous.

use super::Findings;
use super::geometry::Spread;
use crate::config::{Site, Source, Vehicle};

pub(super) fn check(site: &Site, vehicle: &Vehicle, found: &mut Findings) {
    for (name, source) in &vehicle.sources {
        let path = format!("source.{name}");
        check_support(&path, source, site, found);
    }
    let any = |wanted: fn(&Source) -> bool| vehicle.sources.values().any(wanted);
    let bearings = any(|s| matches!(s, Source::Uwb(_) | Source::Landmark(_)));
    let unsensed = [
        (!site.anchors.is_empty() && !bearings, "anchor", "uwb"),
        (
            !site.beacons.is_empty() && !any(|s| matches!(s, Source::Rssi(_))),
            "beacon",
            "rssi",
        ),
        (
            !site.markers.is_empty() && !any(|s| matches!(s, Source::Camera(_))),
            "marker",
            "camera",
        ),
        (
            !site.portals.is_empty() && !any(|s| matches!(s, Source::Portal(_))),
            "portal",
            "portal",
        ),
        (
            !site.landmarks.is_empty()
                && !any(|s| matches!(s, Source::Camera(_) | Source::Landmark(_) | Source::Uwb(_))),
            "landmark",
            "landmark",
        ),
    ];
    for (_, list, kind) in unsensed.iter().filter(|(unsensed, ..)| *unsensed) {
        found.vehicle(
            "source",
            format!("the site has {list} entries, but no source of kind \"{kind}\" senses them"),
        );
    }
    if any(|s| matches!(s, Source::Uwb(_))) {
        check_anchors(site, vehicle, found);
    }
}

fn check_support(path: &str, source: &Source, site: &Site, found: &mut Findings) {
    let lacking = match source {
        Source::Gnss(_) if site.datum.is_none() => {
            ("datum", "gnss", "give lat_deg, lon_deg and height_m")
        }
        Source::Magnetometer(_) if site.magnetic.is_none() => (
            "magnetic",
            "magnetometer",
            "give declination_deg, inclination_deg and strength_ut",
        ),
        Source::Uwb(_) if site.anchors.is_empty() => ("anchor", "uwb", "list the anchors"),
        Source::Rssi(_) if site.beacons.is_empty() => ("beacon", "rssi", "list the beacons"),
        Source::Portal(_) if site.portals.is_empty() => ("portal", "portal", "list the portals"),
        Source::Camera(_) if site.markers.is_empty() && site.landmarks.is_empty() => {
            ("marker", "camera", "list markers or landmarks")
        }
        Source::Landmark(_) if site.landmarks.is_empty() => {
            ("landmark", "landmark", "list the landmarks")
        }
        _ => return,
    };
    let (list, kind, remedy) = lacking;
    found.site(
        list,
        format!("missing, so {path} ({kind}) cannot be used; {remedy}"),
    );
}

/// Mirrors: positions that the ranges cannot tell apart.
fn check_anchors(site: &Site, vehicle: &Vehicle, found: &mut Findings) {
    /// Planes steeper than this (cosine of the normal's tilt) do not confuse up with down.
    const LEVEL: f64 = 0.9;
    let points: Vec<[f64; 3]> = site.anchors.iter().map(|a| a.position_m).collect();
    let height_known = vehicle.motion.planar_height_m.is_some();
    let spread = Spread::of(&points);
    match points.len() {
        0 => {}
        1 => found.site("anchor", "a single anchor tells a distance, never a place"),
        2 => found.site(
            "anchor",
            "two anchors leave a mirror image across the line between them",
        ),
        _ if spread.is_line() => {
            found.site(
                "anchor",
                "all anchors are on one line: the two sides of it look alike",
            );
        }
        3 if !height_known => found.site(
            "anchor",
            "three anchors leave two heights; add a fourth, or give motion.planar_height_m",
        ),
        _ if spread.is_plane() && spread.normal.z.abs() < LEVEL => {
            found.site(
                "anchor",
                "all anchors are on one upright plane: its two sides look alike",
            );
        }
        _ if spread.is_plane() && !height_known => found.site(
            "anchor",
            "all anchors are at one height: above and below look alike; move some, or give \
             motion.planar_height_m",
        ),
        _ => {}
    }
}
