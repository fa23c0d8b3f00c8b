//! The page: one HTML file with its style, its script and its data inside.

use serde_json::{Value, json};

use super::series::rounded;
use super::{ReportPage, plans};
use crate::output::summary::Document;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page.
pub(super) fn html(page: &ReportPage, summary: &Document) -> String {
    // "</script>" inside a text would end the element that holds the data.
    let data = data(page, summary).to_string().replace("</", "<\\/");
    let title = summary.log.replace('&', "&amp;").replace('<', "&lt;");
    FRAME
        .replace("{{title}}", &title)
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT)
        .replace("{{data}}", &data)
}

fn data(page: &ReportPage, summary: &Document) -> Value {
    let track = &page.track;
    let errors = &page.errors;
    let modes: Vec<&str> = track.rows().iter().map(|(_, p)| p.mode).collect();
    let sources: Vec<Value> = (page.sources.iter())
        .map(|((name, kind), bins)| {
            let of = |f: fn(&super::Bin) -> f64, places| -> Vec<Option<f64>> {
                bins.bins.iter().map(|b| rounded(f(b), places)).collect()
            };
            json!({
                "name": name.as_str(),
                "kind": kind.name(),
                "width_s": bins.width_s,
                "used": of(|b| f64::from(b.used), 0),
                "gated": of(|b| f64::from(b.gated), 0),
                "refused": of(|b| f64::from(b.refused), 0),
                "other": of(|b| f64::from(b.other), 0),
                "nis": of(|b| b.nis_sum / f64::from(b.nis_count), 3),
            })
        })
        .collect();
    let refused: Vec<Value> = (page.refused.iter())
        .map(|r| {
            json!([
                rounded(r.t_s, 3),
                r.source,
                r.target.map(|t| t.to_string()),
                r.fate,
                rounded(r.nis, 2),
                rounded(r.gate, 2),
                rounded(r.residual, 4),
                rounded(r.sigma, 4),
            ])
        })
        .collect();
    let parameters: Vec<Value> = (page.parameters.iter())
        .map(|(name, curve)| {
            json!({
                "name": name,
                "t": curve.times(),
                "value": curve.column(|v| v[0], 9),
                "sigma": curve.column(|v| v[1], 9),
            })
        })
        .collect();
    let events: Vec<Value> = (page.events.iter())
        .map(|e| json!([rounded(e.t_s, 3), e.kind, e.text]))
        .collect();
    json!({
        "summary": summary,
        "site": site(page),
        "track": {
            "t": track.times(),
            "x": track.column(|p| p.x_m, 3),
            "y": track.column(|p| p.y_m, 3),
            "z": track.column(|p| p.z_m, 3),
            "yaw": track.column(|p| p.yaw_deg, 1),
            "speed": track.column(|p| p.speed_mps, 2),
            "sigma": track.column(|p| p.sigma_m, 3),
            "yaw_sigma": track.column(|p| p.yaw_sigma_deg, 2),
            "level": track.column(|p| p.level_m, 3),
            "ill": track.column(|p| f64::from(u8::from(p.health)), 0),
            "mode": modes,
        },
        "smoothed": {
            "t": page.smoothed.times(),
            "x": page.smoothed.column(|p| p[0], 3),
            "y": page.smoothed.column(|p| p[1], 3),
        },
        "errors": {
            "t": errors.times(),
            "x": errors.column(|e| e.truth_m[0], 3),
            "y": errors.column(|e| e.truth_m[1], 3),
            "horizontal": errors.column(|e| e.horizontal_m, 4),
            "height": errors.column(|e| e.height_m, 4),
            "yaw": errors.column(|e| e.yaw_deg, 3),
            "sigma": errors.column(|e| e.sigma_m, 4),
            "level": errors.column(|e| e.level_m, 3),
            "nees": errors.column(|e| e.nees, 3),
        },
        "smoothed_errors": {
            "t": page.smoothed_errors.times(),
            "horizontal": page.smoothed_errors.column(|e| *e, 4),
        },
        "sources": sources,
        "refused": refused,
        "refused_more": page.refused_more,
        "events": events,
        "modes_s": page.modes_s,
        "parameters": parameters,
        "config": {
            "site.toml": toml::to_string(&page.site).unwrap_or_else(|e| e.to_string()),
            "vehicle.toml": toml::to_string(&page.vehicle).unwrap_or_else(|e| e.to_string()),
        },
    })
}

/// What does not move, in the site frame.
fn site(page: &ReportPage) -> Value {
    let site = &page.site;
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
    let plans: Vec<Value> = (page.plans.iter())
        .map(|plan| plans::value(plan, site))
        .collect();
    json!({ "name": site.name, "points": points, "zones": zones, "plans": plans })
}
