//! The rig's vehicle.toml.

use nalgebra::Vector3;

use super::{Calibration, Setup};
use crate::frames::{nearest_rotation, rpy_deg};

/// Rig ← IMU by a fit of the gyro to the truth.
pub(super) const R_SI: [[f64; 3]; 3] = [[0.989, 0.0, 0.15], [0.0, -1.0, 0.0], [0.15, 0.0, -0.989]];
/// IMU in the left camera, axes right, down, forward \[m\]: 23 mm towards the right camera.
const P_CI_M: [f64; 3] = [0.023, 0.0, -0.002];

const HEAD: &str = r#"name = "sensor rig"

[motion]
drive = "free"
accel_density_mps2_rthz = 1.0
yaw_density_rad_rts = 0.5
"#;

const UWB: &str = r#"
[source.uwb_tag1]
kind = "uwb"
mount.position_m = [-0.085, -0.207, 0.069]
# A bias of 0.1 to 0.36 m a tag-anchor pair, robust sigma 0.08 m after it, outliers to 2 m.
range_sigma_m = 0.1
bias_sigma_m = 0.25
# Reflections that change with the place: they last as long as it takes to move on.
drift_sigma_m = 0.1
drift_time_s = 1.0

[source.uwb_tag2]
kind = "uwb"
mount.position_m = [-0.085, 0.0, 0.069]
range_sigma_m = 0.1
bias_sigma_m = 0.25
drift_sigma_m = 0.1
drift_time_s = 1.0
"#;

const IMU: &str = r#"
[source.imu]
kind = "imu"
# The mounting is known to about a degree, which at hand-held motion is far above the sensor's noise.
gyro_density_radps_rthz = 1e-3
accel_density_mps2_rthz = 0.05
gyro_bias_sigma_radps = 1e-2
accel_bias_sigma_mps2 = 0.3
"#;

/// The text, with the mounts in it.
pub(super) fn toml(calibration: &Calibration, setup: &Setup, has_uwb: bool) -> String {
    let r_sc = nearest_rotation(setup.r_cs).inverse();
    let in_rig = |p_c: Vector3<f64>| r_sc * (p_c - Vector3::from(setup.p_cs_m));
    let mut text = HEAD.to_owned();
    if has_uwb {
        text += UWB;
    }
    text += IMU;
    text += &mount(
        in_rig(Vector3::from(P_CI_M)),
        rpy_deg(&nearest_rotation(R_SI)),
    );
    // Rectified: the right camera has the axes of the left one, a stereo base to its right.
    for (camera, base_m) in [("camera_left", 0.0), ("camera_right", calibration.b)] {
        let Calibration { fu, fv, cu, cv, .. } = calibration;
        text += &format!(
            "\n[source.{camera}]\nkind = \"camera\"\nfocal_px = [{fu:?}, {fv:?}]\n\
             centre_px = [{cu:?}, {cv:?}]\n# Median error 3.5 to 5.6 px, of extrinsics and survey, so it lasts.\n\
             sigma_px = 10.0\nrotation_sigma_deg = 1.0\n"
        );
        text += &mount(in_rig(Vector3::new(base_m, 0.0, 0.0)), rpy_deg(&r_sc));
    }
    text
}

fn mount(position: Vector3<f64>, rpy_deg: [f64; 3]) -> String {
    let position_m: [f64; 3] = position.into();
    format!("mount.position_m = {position_m:.4?}\nmount.rpy_deg = {rpy_deg:.3?}\n")
}
