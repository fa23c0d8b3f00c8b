//! `site.toml`: what does not move. Coordinates are metres in the site frame (local ENU at the
//! datum) or, where `[grid]` is given, on that grid, which is turned and shifted into it at load.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A site as written in its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Where on Earth the frame's origin is; needed for satellite positions only.
    pub datum: Option<Datum>,
    /// The floor plan's or locating system's grid, in which all coordinates below are given.
    pub grid: Option<Grid>,
    /// The Earth's magnetic field here; needed for magnetometers only.
    pub magnetic: Option<Magnetic>,
    /// Radio anchors with ranges, range differences or bearings.
    #[serde(default, rename = "anchor")]
    pub anchors: Vec<Anchor>,
    /// Beacons known by their signal strength.
    #[serde(default, rename = "beacon")]
    pub beacons: Vec<Beacon>,
    /// Points that a camera or scanner identifies.
    #[serde(default, rename = "landmark")]
    pub landmarks: Vec<Landmark>,
    /// Square markers, usually on the ceiling.
    #[serde(default, rename = "marker")]
    pub markers: Vec<Marker>,
    /// RFID portals, NFC tags, docks.
    #[serde(default, rename = "portal")]
    pub portals: Vec<Portal>,
    /// Areas with a meaning.
    #[serde(default, rename = "zone")]
    pub zones: Vec<Zone>,
    /// Floors of the building.
    #[serde(default, rename = "floor")]
    pub floors: Vec<Floor>,
    /// Pictures of the floor plan, for report and viewer.
    #[serde(default, rename = "map")]
    pub maps: Vec<Map>,
}

impl Site {
    /// A position as the file states it, in the site frame \[m\]: off the grid, where there is one.
    ///
    /// ```
    /// use wayfix::config::Site;
    /// let site: Site = toml::from_str("grid = { yaw_deg = 90.0, east_m = 5.0, north_m = 0.0 }")?;
    /// let place = site.in_frame([1.0, 2.0, 3.0]);
    /// assert!((place - nalgebra::Vector3::new(3.0, 1.0, 3.0)).norm() < 1e-12);
    /// # Ok::<(), toml::de::Error>(())
    /// ```
    #[must_use]
    pub fn in_frame(&self, position_m: [f64; 3]) -> nalgebra::Vector3<f64> {
        let [x, y, z] = position_m;
        let Some(grid) = self.grid else {
            return position_m.into();
        };
        let (sin, cos) = grid.yaw_deg.to_radians().sin_cos();
        nalgebra::Vector3::new(
            cos * x - sin * y + grid.east_m,
            sin * x + cos * y + grid.north_m,
            z,
        )
    }

    /// The same the other way: a point of the site frame as the file states it \[m\].
    #[must_use]
    pub fn on_grid(&self, p_n: nalgebra::Vector3<f64>) -> [f64; 3] {
        let Some(grid) = self.grid else {
            return p_n.into();
        };
        let (sin, cos) = grid.yaw_deg.to_radians().sin_cos();
        let (x, y) = (p_n.x - grid.east_m, p_n.y - grid.north_m);
        [cos * x + sin * y, -sin * x + cos * y, p_n.z]
    }

    /// Direction of the grid's x axis, counter-clockwise from east \[rad\]; 0 without a grid.
    #[must_use]
    pub fn grid_yaw_rad(&self) -> f64 {
        self.grid.map_or(0.0, |grid| grid.yaw_deg.to_radians())
    }
}

/// Origin of the site frame on the WGS-84 ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Datum {
    /// Latitude [deg], −90 to 90.
    pub lat_deg: f64,
    /// Longitude [deg], −180 to 180.
    pub lon_deg: f64,
    /// Height above the ellipsoid [m].
    #[serde(default)]
    pub height_m: f64,
    /// How well the site's anchors, markers and the rest are tied to it: sigma of each horizontal
    /// component [m]. Where there is something to tie, its error is estimated; 0: it is exact.
    #[serde(default = "default_tie_sigma_m")]
    pub sigma_m: f64,
    /// Sigma of the site frame's direction against north [deg].
    #[serde(default = "default_tie_yaw_sigma_deg")]
    pub yaw_sigma_deg: f64,
}

const fn default_tie_sigma_m() -> f64 {
    0.1
}

const fn default_tie_yaw_sigma_deg() -> f64 {
    0.1
}

impl Datum {
    /// At a place, tied as well as usual.
    #[must_use]
    pub const fn at(lat_deg: f64, lon_deg: f64, height_m: f64) -> Self {
        Self {
            lat_deg,
            lon_deg,
            height_m,
            sigma_m: default_tie_sigma_m(),
            yaw_sigma_deg: default_tie_yaw_sigma_deg(),
        }
    }
}

/// A grid turned and shifted against the site frame: `p_site = R(yaw) · p_grid + (east, north)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Direction of the grid's x axis [deg], counter-clockwise from east.
    pub yaw_deg: f64,
    /// East coordinate of the grid's origin [m].
    pub east_m: f64,
    /// North coordinate of the grid's origin [m].
    pub north_m: f64,
}

/// The Earth's magnetic field.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Magnetic {
    /// Angle from true north to magnetic north [deg], east positive.
    pub declination_deg: f64,
    /// Angle of the field below the horizontal [deg], down positive.
    pub inclination_deg: f64,
    /// Strength [µT].
    pub strength_ut: f64,
}

/// A radio anchor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The id that the radio reports.
    pub id: String,
    /// Antenna position [m].
    pub position_m: [f64; 3],
    /// Known excess of the ranges to this anchor [m].
    #[serde(default)]
    pub bias_m: f64,
}

/// A beacon known by its signal strength.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// The id that the radio reports.
    pub id: String,
    /// Position [m].
    pub position_m: [f64; 3],
    /// Received power at 1 m [dBm]; else the vehicle's source states one for all.
    pub power_dbm: Option<f64>,
    /// Path-loss exponent; else the vehicle's source states one for all.
    pub path_loss_exponent: Option<f64>,
}

/// A point that a camera or scanner identifies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Landmark {
    /// The id that the sensor reports.
    pub id: String,
    /// Position [m].
    pub position_m: [f64; 3],
    /// Sigma of the survey, each component [m].
    #[serde(default)]
    pub sigma_m: f64,
}

/// A square marker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// The id that the camera decodes.
    pub id: String,
    /// Centre [m].
    pub position_m: [f64; 3],
    /// Roll, pitch, yaw of the marker's frame [deg] (Rz·Ry·Rx). A ceiling marker read from below
    /// whose image is upright for a viewer looking along +x has its z axis down: roll 180.
    #[serde(default)]
    pub rpy_deg: [f64; 3],
    /// Side length of the square that the corners span [m].
    pub size_m: f64,
    /// Sigma of the survey, each component [m].
    #[serde(default = "default_marker_sigma_m")]
    pub sigma_m: f64,
}

fn default_marker_sigma_m() -> f64 {
    0.01
}

/// A place whose passage is detected: RFID portal, NFC tag, dock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// The id that the reader reports.
    pub id: String,
    /// Middle of the opening, or of the tag [m].
    pub position_m: [f64; 3],
    /// Direction of passage [deg], counter-clockwise from x; absent: a point without direction.
    pub yaw_deg: Option<f64>,
    /// Clear width [m]: across the passage the position is uniform over it. For a point, the
    /// diameter of the reading field.
    pub width_m: f64,
    /// Sigma along the passage [m]: depth of the reading field and latency.
    #[serde(default = "default_portal_sigma_m")]
    pub sigma_m: f64,
}

fn default_portal_sigma_m() -> f64 {
    0.3
}

/// An area with a meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// What people call it.
    pub id: String,
    /// What it means.
    pub kind: ZoneKind,
    /// Corners [m], in order; the last joins the first.
    pub polygon_m: Vec<[f64; 2]>,
}

/// Meaning of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// Under a roof.
    Indoor,
    /// Under the sky.
    Outdoor,
    /// The magnetometer is not to be used here.
    MagneticDisturbance,
}

/// A floor of the building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// What people call it.
    pub id: String,
    /// Height of the floor's surface [m] in the site frame.
    pub height_m: f64,
}

/// A picture of the floor plan; report and viewer show it, and it changes no estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The picture (PNG, JPEG), beside site.toml.
    pub file: String,
    /// Side of a pixel [m].
    pub pixel_m: f64,
    /// Lower left corner of the picture [m].
    #[serde(default)]
    pub corner_m: [f64; 3],
    /// Direction of the picture's rows [deg], counter-clockwise from x.
    #[serde(default)]
    pub yaw_deg: f64,
}

#[cfg(test)]
mod tests {
    #[test]
    fn grids_are_turned_and_shifted() {
        let text = "[grid]\nyaw_deg = 90.0\neast_m = 10.0\nnorth_m = 20.0\n";
        let site = crate::config::site_from_str("site.toml", text)
            .unwrap()
            .value;
        let p = site.in_frame([1.0, 2.0, 3.0]);
        assert!(
            (p - nalgebra::Vector3::new(8.0, 21.0, 3.0)).norm() < 1e-9,
            "{p}"
        );
        let back = nalgebra::Vector3::from(site.on_grid(p));
        assert!(
            (back - nalgebra::Vector3::new(1.0, 2.0, 3.0)).norm() < 1e-9,
            "{back}"
        );
    }
}
