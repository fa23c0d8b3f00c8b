//! What does not move, as a page shows it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::Plans;
use super::series::rounded;
use crate::config::Site;
use crate::output::plan::Plan;

/// What does not move, in the site frame.
pub fn value(site: &Site, plans: &Plans) -> Value {
    let at = |p: [f64; 3]| {
        let p = site.in_frame(p);
        json!([rounded(p.x, 3), rounded(p.y, 3), rounded(p.z, 3)])
    };
    let mut points: Vec<Value> = Vec::new();
    let mut add = |kind: &str, id: &str, p: [f64; 3]| {
        points.push(json!({ "kind": kind, "id": id, "at": at(p) }));
    };
    site.anchors
        .iter()
        .for_each(|a| add("anchor", &a.id, a.position_m));
    site.beacons
        .iter()
        .for_each(|b| add("beacon", &b.id, b.position_m));
    site.landmarks
        .iter()
        .for_each(|l| add("landmark", &l.id, l.position_m));
    site.markers
        .iter()
        .for_each(|m| add("marker", &m.id, m.position_m));
    site.portals
        .iter()
        .for_each(|p| add("portal", &p.id, p.position_m));
    let zones: Vec<Value> = (site.zones.iter())
        .map(|zone| {
            let corners = zone.polygon_m.iter().map(|[x, y]| at([*x, *y, 0.0]));
            json!({ "id": zone.id, "kind": format!("{:?}", zone.kind), "corners": corners.collect::<Vec<_>>() })
        })
        .collect();
    let plans: Vec<Value> = plans.iter().map(|plan| picture(plan, site)).collect();
    json!({ "name": site.name, "points": points, "zones": zones, "plans": plans })
}

/// The picture, and the affine map from its pixels to the site frame \[m\], in the order of a canvas:
/// `x = m0 u + m2 v + m4`, `y = m1 u + m3 v + m5`, u to the right and v up from the lower left corner.
fn picture(plan: &Plan, site: &Site) -> Value {
    let corner = plan.corner(site);
    let (sin, cos) = plan.yaw_rad(site).sin_cos();
    let pixel_m = plan.map.pixel_m;
    let matrix = [
        pixel_m * cos,
        pixel_m * sin,
        -pixel_m * sin,
        pixel_m * cos,
        corner.x,
        corner.y,
    ];
    let picture = BASE64_STANDARD.encode(&plan.bytes);
    json!({
        "file": plan.map.file,
        "matrix": matrix.map(|m| rounded(m, 9)),
        "picture": format!("data:{};base64,{picture}", plan.media_type),
    })
}
