//! Colours, on the viewer's dark ground. Modes and verdicts have the same ones everywhere.

use rerun::{Color, Rgba32};

use crate::engine::{Fate, Mode};

const fn rgb(r: u8, g: u8, b: u8) -> Color {
    Color(Rgba32(u32::from_be_bytes([r, g, b, 255])))
}

/// Behind it all.
pub const GROUND: Color = rgb(20, 22, 26);
/// A measurement that was used, down-weighted, refused, or left out without blame.
pub const USED: Color = rgb(80, 200, 120);
pub const WEIGHED: Color = rgb(240, 200, 70);
pub const REFUSED: Color = rgb(240, 60, 60);
pub const LEFT_OUT: Color = rgb(130, 130, 140);
/// Truth, and the smoothed track.
pub const TRUTH: Color = rgb(235, 235, 235);
pub const SMOOTHED: Color = rgb(220, 130, 230);
/// A jump.
pub const RESET: Color = rgb(255, 90, 220);
/// What the estimate says of itself.
pub const SIGMA: Color = rgb(90, 160, 250);
pub const LEVEL: Color = rgb(250, 160, 60);
pub const BODY: Color = rgb(120, 200, 250);
/// Limits beside a curve.
pub const BAND: Color = rgb(120, 120, 130);
/// What does not move.
pub const ANCHOR: Color = rgb(250, 190, 90);
pub const BEACON: Color = rgb(130, 170, 250);
pub const MARKER: Color = rgb(200, 140, 250);
pub const LANDMARK: Color = rgb(120, 210, 210);
pub const PORTAL: Color = rgb(250, 130, 130);

/// What became of a measurement.
#[must_use]
pub fn of_fate(fate: Fate) -> Color {
    match fate {
        Fate::DownWeighted => WEIGHED,
        fate if fate.is_used() => USED,
        Fate::Waiting | Fate::Thinned => LEFT_OUT,
        _ => REFUSED,
    }
}

/// On what the estimate rests.
#[must_use]
pub fn of_mode(mode: Mode) -> Color {
    match mode {
        Mode::Cold => LEFT_OUT,
        Mode::Aligning => rgb(250, 220, 90),
        Mode::Tracking => rgb(70, 170, 250),
        Mode::DeadReckoning => rgb(250, 150, 50),
        Mode::Lost => rgb(250, 50, 50),
        Mode::Smoothed => SMOOTHED,
    }
}
