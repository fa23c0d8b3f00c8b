//! Floor plans: pictures that lie on the ground of the site.

use std::io::Cursor;

use nalgebra::Vector3;
use rerun::external::image::{
    DynamicImage, ImageDecoder, ImageError, ImageReader, ImageResult, RgbaImage,
};
use rerun::{ChannelDatatype, ColorModel, GridMap, ImageFormat};
use wayfix_filter::math;

use super::pen::{Pen, path};
use super::site::{turn, xyz};
use crate::config::Site;
use crate::output::plan::Plan;

/// Over the viewer's dark ground: bright plans are no lamp.
const OPACITY: f32 = 0.5;

/// A plan that was decoded.
#[derive(Clone, Debug)]
pub struct Picture {
    plan: Plan,
    pixels: RgbaImage,
}

/// Why a plan can't be decoded.
#[derive(Debug, thiserror::Error)]
#[error("the map {file} is damaged: {source}")]
pub struct PictureError {
    file: String,
    #[source]
    source: ImageError,
}

impl Picture {
    /// Decodes a plan.
    ///
    /// # Errors
    /// It is damaged.
    pub fn decode(plan: Plan) -> Result<Self, PictureError> {
        match upright(&plan.bytes) {
            Ok(picture) => Ok(Self {
                pixels: picture.into_rgba8(),
                plan,
            }),
            Err(source) => Err(PictureError {
                file: plan.map.file,
                source,
            }),
        }
    }

    /// Draws it, on the grid where the site has one.
    pub(super) fn draw(&self, pen: &mut Pen, site: &Site) {
        let (columns, rows) = self.pixels.dimensions();
        let format =
            ImageFormat::from_color_model([columns, rows], ColorModel::RGBA, ChannelDatatype::U8);
        let corner = self.plan.corner(site);
        let yaw_rad = self.plan.yaw_rad(site);
        let map = &self.plan.map;
        let pixels = self.pixels.as_raw().clone();
        let picture = GridMap::new(pixels, format, map.pixel_m as f32)
            .with_translation(xyz(corner - Vector3::z() * 0.01))
            .with_quaternion(turn(&math::from_roll_pitch_yaw(0.0, 0.0, yaw_rad)))
            .with_opacity(OPACITY);
        pen.draw_once(path(["site", "plan", &map.file]), &picture);
    }
}

/// Turned as its Exif data say, as browsers and picture viewers show it.
fn upright(bytes: &[u8]) -> ImageResult<DynamicImage> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use rerun::external::image::codecs::jpeg::JpegEncoder;
    use rerun::external::image::{ExtendedColorType, ImageEncoder};

    use super::*;

    #[test]
    fn pictures_are_turned_as_cameras_say() {
        // A TIFF header and one entry: orientation (0x112), one short, 6: to be turned by 90 deg.
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder.set_exif_metadata(exif.to_vec()).unwrap();
        encoder
            .write_image(&[200; 6], 3, 2, ExtendedColorType::L8)
            .unwrap();
        assert_eq!(upright(&bytes).unwrap().into_rgba8().dimensions(), (2, 3));
    }
}
