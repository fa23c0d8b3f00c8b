//! Suspicions about how measurements are judged.

use super::Findings;
use crate::config::Source;
use crate::config::source::{Gate, Weight};

fn gate_of(source: &Source) -> Option<&Gate> {
    Some(match source {
        Source::Imu(_) | Source::Steering(_) => return None,
        Source::Magnetometer(s) => &s.gate,
        Source::Height(s) => &s.gate,
        Source::Wheels(s) => &s.gate,
        Source::Gnss(s) => &s.gate,
        Source::Uwb(s) => &s.gate,
        Source::Rssi(s) => &s.gate,
        Source::Landmark(s) => &s.gate,
        Source::Camera(s) => &s.gate,
        Source::Portal(s) => &s.gate,
        Source::Pose(s) => &s.gate,
    })
}

pub(super) fn check(path: &str, source: &Source, found: &mut Findings) {
    let Some(gate) = gate_of(source) else { return };
    let p = gate.probability;
    let key = format!("{path}.gate.probability");
    if p < 0.9 {
        let lost = (1.0 - p) * 100.0;
        found.vehicle(
            key,
            format!("{p} refuses {lost:.0} % of honest measurements"),
        );
    } else if p > 0.999_999_9 {
        found.vehicle(key, format!("{p} lets nearly every outlier pass"));
    }
    let tuning = gate.tuning;
    let usual = match gate.weight {
        Weight::None => return,
        Weight::Huber => 0.5..=5.0,
        Weight::StudentT => 1.0..=100.0,
    };
    if !usual.contains(&tuning) {
        let (low, high) = (usual.start(), usual.end());
        found.vehicle(
            format!("{path}.gate.tuning"),
            format!("{tuning} is unusual; {low} to {high} is usual for this weight"),
        );
    }
}
