//! Headings of attitudes.

/// Heading [rad] of a device's direction, counter-clockwise from the reference frame's x axis, by the
/// quaternion (w, x, y, z; any length) that takes the device's vectors to that frame.
pub(crate) fn heading_rad([w, x, y, z]: [f64; 4], [a, b, c]: [f64; 3]) -> f64 {
    let east =
        (w * w + x * x - y * y - z * z) * a + 2.0 * (x * y - w * z) * b + 2.0 * (x * z + w * y) * c;
    let north =
        2.0 * (x * y + w * z) * a + (w * w - x * x + y * y - z * z) * b + 2.0 * (y * z - w * x) * c;
    libm::atan2(north, east)
}
