//! Tracks, drawn in short pieces: a row a point would be several times as large, and slower to show.

use nalgebra::Vector3;
use rerun::{Color, EntityPath, LineStrips3D};
use wayfix_filter::Timestamp;

use super::pen::Pen;
use super::site::{width, xyz};

/// Longest piece \[s\], and longest time between two points that are joined \[s\].
const PIECE_S: f64 = 0.5;
const GAP_S: f64 = 5.0;

/// One track.
pub struct Trail {
    path: EntityPath,
    points: Vec<[f32; 3]>,
    began: Timestamp,
    newest: Timestamp,
    colour: Color,
    thickness: f32,
}

impl Trail {
    pub fn new(path: &str, colour: Color, thickness: f32) -> Self {
        Self {
            path: path.into(),
            points: Vec::new(),
            began: Timestamp(0),
            newest: Timestamp(0),
            colour,
            thickness,
        }
    }

    /// The next point. It is joined to the one before, unless that is long ago.
    pub fn add(&mut self, pen: &mut Pen, t: Timestamp, p_n: Vector3<f64>, colour: Color) {
        let since_s = t.seconds_since(self.newest);
        let is_gap = !(0.0..=GAP_S).contains(&since_s);
        if is_gap {
            self.end(pen);
        } else if colour != self.colour || t.seconds_since(self.began) >= PIECE_S {
            let joint = self.points.last().copied();
            self.end(pen);
            self.points.extend(joint);
            self.began = self.newest;
        }
        if self.points.is_empty() {
            self.began = t;
        }
        self.colour = colour;
        self.newest = t;
        self.points.push(xyz(p_n));
    }

    /// Draws what is left; what follows is not joined to it.
    pub fn end(&mut self, pen: &mut Pen) {
        if self.points.is_empty() {
            return;
        }
        pen.at(self.newest);
        let piece = LineStrips3D::new([self.points.drain(..)])
            .with_colors([self.colour])
            .with_radii([width(self.thickness)]);
        pen.draw(self.path.clone(), &piece);
    }
}
