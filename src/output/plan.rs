//! Floor plans: the pictures of `[[map]]`, read for whatever shows them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use nalgebra::Vector3;

use crate::config::Site;
use crate::config::site::Map;

/// Media types, and what their files begin with.
const TYPES: [(&str, &[u8]); 2] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
];

/// A picture as its file has it, and where it lies.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What site.toml says of it.
    pub map: Map,
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why a plan can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file can't be read.
    #[error("cannot read the map {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("the map {} is neither PNG nor JPEG: save it as one of them", path.display())]
    Type {
        /// The file.
        path: PathBuf,
    },
}

impl Plan {
    /// Reads the picture of a map that lies in this folder.
    ///
    /// # Errors
    /// It is not there, or no PNG or JPEG.
    pub fn read(map: &Map, folder: &Path) -> Result<Self, PlanError> {
        let path = folder.join(&map.file);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(PlanError::File { path, source }),
        };
        match TYPES.iter().find(|(_, begin)| bytes.starts_with(begin)) {
            Some((media_type, _)) => Ok(Self {
                map: map.clone(),
                media_type,
                bytes,
            }),
            None => Err(PlanError::Type { path }),
        }
    }

    /// Its lower left corner in the site frame \[m\].
    #[must_use]
    pub fn corner(&self, site: &Site) -> Vector3<f64> {
        site.in_frame(self.map.corner_m)
    }

    /// Direction of its rows in the site frame \[rad\], counter-clockwise from east.
    #[must_use]
    pub fn yaw_rad(&self, site: &Site) -> f64 {
        self.map.yaw_deg.to_radians() + site.grid_yaw_rad()
    }
}
