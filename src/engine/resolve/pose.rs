//! External positions, headings and poses, and passages.

use nalgebra::{Quaternion, UnitQuaternion, Vector2, Vector3};
use wayfix_filter::math;
use wayfix_filter::measurement::{Corrected, Passage, Pose, Position, Yaw};
use wayfix_sensors::sample;

use super::{At, Model, Slots, constant, drift, lag};
use crate::config::source::PoseSource;
use crate::engine::parameter::Kind;
use crate::engine::report::Fate;

pub(super) fn position(
    at: &At,
    config: &PoseSource,
    reading: &sample::Position,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let sigma = reading.sigma_m.unwrap_or(config.sigma_m);
    let lever = [
        constant(slots, at.id(Kind::LeverX), config.lever_sigma_m),
        constant(slots, at.id(Kind::LeverY), config.lever_sigma_m),
    ];
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    let x = drift(
        slots,
        at.id(Kind::DriftX),
        config.drift_sigma_m,
        config.drift_time_s,
    );
    let y = drift(
        slots,
        at.id(Kind::DriftY),
        config.drift_sigma_m,
        config.drift_time_s,
    );
    let p_bs = at.source.p_bs;
    let xy = Vector2::from(reading.xy_m);
    Ok(match reading.z_m {
        None => {
            let model = Position {
                p_n: xy,
                p_bs,
                sigma_m: Vector2::repeat(sigma),
                lever,
            };
            Model::Position2(
                Corrected::new(model)
                    .lag(time_lag)
                    .additive(0, x)
                    .additive(1, y),
            )
        }
        Some(z) => {
            let model = Position {
                p_n: xy.push(z),
                p_bs,
                sigma_m: Vector3::repeat(sigma),
                lever,
            };
            Model::Position3(
                Corrected::new(model)
                    .lag(time_lag)
                    .additive(0, x)
                    .additive(1, y),
            )
        }
    })
}

pub(super) fn pose(
    at: &At,
    config: &PoseSource,
    reading: &sample::Pose,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let [w, x, y, z] = reading.attitude_wxyz;
    let q = Quaternion::new(w, x, y, z);
    if (q.norm() - 1.0).abs() > 0.01 {
        return Err(Fate::Invalid);
    }
    let model = Pose {
        p_n: Vector3::from(reading.position_m),
        q_ns: UnitQuaternion::from_quaternion(q),
        p_bs: at.source.p_bs,
        q_bs: at.source.q_bs,
        sigma_m: Vector3::repeat(reading.sigma_m.unwrap_or(config.sigma_m)),
        sigma_rad: Vector3::repeat(reading.sigma_rad.unwrap_or(config.sigma_deg.to_radians())),
    };
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(Model::Pose(Corrected::new(model).lag(time_lag)))
}

/// Heading of a device whose x axis is turned against the body by its mount.
pub(super) fn yaw(at: &At, sigma_deg: f64, reading: &sample::Yaw) -> Result<Model, Fate> {
    let sigma_rad = reading.sigma_rad.unwrap_or(sigma_deg.to_radians());
    let yaw_rad = math::wrap_angle(reading.yaw_rad - math::yaw(&at.source.q_bs));
    Ok(Model::Yaw(Corrected::new(Yaw { yaw_rad, sigma_rad })))
}

pub(super) fn passage(at: &At, reading: &sample::Passage) -> Result<Model, Fate> {
    let portal = at
        .setup
        .portals
        .get(reading.portal.as_str())
        .ok_or(Fate::UnknownTarget)?;
    Ok(Model::Passage(Corrected::new(Passage {
        p_n: portal.p_n.xy(),
        yaw_rad: portal.yaw_rad,
        p_bs: at.source.p_bs,
        sigma_along_m: portal.sigma_along_m,
        sigma_across_m: portal.sigma_across_m,
    })))
}
