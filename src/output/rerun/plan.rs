//! Floor plans: pictures that lie on the ground of the site.

use std::path::{Path, PathBuf};

use nalgebra::Vector3;
use rerun::external::image;
use rerun::{ChannelDatatype, ColorModel, GridMap, ImageFormat};
use wayfix_filter::math;

use super::pen::{Pen, path};
use super::site::{turn, xyz};
use crate::config::Site;
use crate::config::site::Map;

/// Over the viewer's dark ground: bright plans are no lamp.
const OPACITY: f32 = 0.5;

/// A plan that was read.
#[derive(Clone, Debug)]
pub struct Plan {
    map: Map,
    pixels: image::RgbaImage,
}

/// Why a plan can't be shown.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the map {}: {source}", path.display())]
pub struct PlanError {
    path: PathBuf,
    #[source]
    source: image::ImageError,
}

impl Plan {
    /// Reads the picture of a map that lies in this folder.
    ///
    /// # Errors
    /// It is not there, or no PNG or JPEG.
    pub fn read(map: &Map, folder: &Path) -> Result<Self, PlanError> {
        let path = folder.join(&map.file);
        match image::open(&path) {
            Ok(picture) => Ok(Self {
                map: map.clone(),
                pixels: picture.to_rgba8(),
            }),
            Err(source) => Err(PlanError { path, source }),
        }
    }

    /// Draws it, on the grid where the site has one.
    pub(super) fn draw(&self, pen: &mut Pen, site: &Site) {
        let (columns, rows) = self.pixels.dimensions();
        let format =
            ImageFormat::from_color_model([columns, rows], ColorModel::RGBA, ChannelDatatype::U8);
        let corner = site.in_frame(self.map.corner_m);
        let yaw_rad = self.map.yaw_deg.to_radians() + site.grid_yaw_rad();
        let pixels = self.pixels.as_raw().clone();
        let picture = GridMap::new(pixels, format, self.map.pixel_m as f32)
            .with_translation(xyz(corner - Vector3::z() * 0.01))
            .with_quaternion(turn(&math::from_roll_pitch_yaw(0.0, 0.0, yaw_rad)))
            .with_opacity(OPACITY);
        pen.draw_once(path(["site", "plan", &self.map.file]), &picture);
    }
}
