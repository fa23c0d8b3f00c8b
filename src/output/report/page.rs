//! The page, and its data.

use serde_json::{Value, json};

use super::ReportPage;
use crate::output::page::series::rounded;
use crate::output::page::{self, Kind};
use crate::output::summary::Document;

/// The page of one run.
pub(super) const PAGE: Kind = Kind {
    subject: "report",
    sections: &[
        ("track", "Track"),
        ("errors", "Errors"),
        ("consistency", "Consistency"),
        ("sources", "Sources"),
        ("events", "Events"),
        ("parameters", "Parameters"),
        ("configuration", "Configuration"),
    ],
    body: include_str!("page.html"),
    script: include_str!("page.js"),
};

/// All that it shows.
pub(super) fn data(of: &ReportPage, summary: &Document) -> Value {
    let track = &of.track;
    let errors = &of.errors;
    let modes: Vec<&str> = track.rows().iter().map(|(_, p)| p.mode).collect();
    let sources: Vec<Value> = (of.sources.iter())
        .map(|((name, kind), bins)| {
            let column = |f: fn(&super::Bin) -> f64, places| -> Vec<Option<f64>> {
                bins.bins.iter().map(|b| rounded(f(b), places)).collect()
            };
            json!({
                "name": name.as_str(),
                "kind": kind.name(),
                "width_s": bins.width_s,
                "used": column(|b| f64::from(b.used), 0),
                "gated": column(|b| f64::from(b.gated), 0),
                "refused": column(|b| f64::from(b.refused), 0),
                "other": column(|b| f64::from(b.other), 0),
                "nis": column(|b| b.nis_sum / f64::from(b.nis_count), 3),
            })
        })
        .collect();
    let refused: Vec<Value> = (of.refused.iter())
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
    let parameters: Vec<Value> = (of.parameters.iter())
        .map(|(name, curve)| {
            json!({
                "name": name,
                "t": curve.times(),
                "value": curve.column(|v| v[0], 9),
                "sigma": curve.column(|v| v[1], 9),
            })
        })
        .collect();
    let events: Vec<Value> = (of.events.iter())
        .map(|e| json!([rounded(e.t_s, 3), e.kind, e.text]))
        .collect();
    json!({
        "summary": summary,
        "site": page::site(&of.site, &of.plans),
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
            "t": of.smoothed.times(),
            "x": of.smoothed.column(|p| p[0], 3),
            "y": of.smoothed.column(|p| p[1], 3),
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
            "t": of.smoothed_errors.times(),
            "horizontal": of.smoothed_errors.column(|e| *e, 4),
        },
        "sources": sources,
        "refused": refused,
        "refused_more": of.refused_more,
        "events": events,
        "modes_s": of.modes_s,
        "parameters": parameters,
        "config": {
            "site.toml": toml::to_string(&of.site).unwrap_or_else(|e| e.to_string()),
            "vehicle.toml": toml::to_string(&of.vehicle).unwrap_or_else(|e| e.to_string()),
        },
    })
}
