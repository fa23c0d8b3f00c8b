//! The site frame on the ellipsoid.

use map_3d::Ellipsoid::WGS84;
use nalgebra::Vector3;

use super::site::Datum;

impl Datum {
    /// A place in the site frame \[m\]: east, north, up; on the datum's height where none is given.
    ///
    /// ```
    /// use wayfix::config::site::Datum;
    /// let datum = Datum::at(59.33, 18.06, 40.0);
    /// let p_n = datum.enu(59.331, 18.06, None);
    /// assert!((p_n.y - 111.4).abs() < 0.1 && p_n.x.abs() < 1e-6);
    /// let (lat_deg, lon_deg, height_m) = datum.geodetic(&p_n);
    /// assert!((lat_deg - 59.331).abs() < 1e-9 && (lon_deg - 18.06).abs() < 1e-9);
    /// assert!((height_m - 40.0).abs() < 1e-3);
    /// ```
    #[must_use]
    pub fn enu(&self, lat_deg: f64, lon_deg: f64, height_m: Option<f64>) -> Vector3<f64> {
        let (east, north, up) = map_3d::geodetic2enu(
            lat_deg.to_radians(),
            lon_deg.to_radians(),
            height_m.unwrap_or(self.height_m),
            self.lat_deg.to_radians(),
            self.lon_deg.to_radians(),
            self.height_m,
            WGS84,
        );
        Vector3::new(east, north, up)
    }

    /// Latitude [deg], longitude [deg] and height above the ellipsoid \[m\] of a place in the site frame.
    #[must_use]
    pub fn geodetic(&self, p_n: &Vector3<f64>) -> (f64, f64, f64) {
        let (lat, lon, height_m) = map_3d::enu2geodetic(
            p_n.x,
            p_n.y,
            p_n.z,
            self.lat_deg.to_radians(),
            self.lon_deg.to_radians(),
            self.height_m,
            WGS84,
        );
        (lat.to_degrees(), lon.to_degrees(), height_m)
    }
}
