//! Landmarks and markers seen by scanners and cameras.

use nalgebra::Vector2;
use wayfix_filter::Slot;
use wayfix_filter::measurement::{Azimuth, Camera, Corrected, Landmark, Marker, Pixel};
use wayfix_sensors::sample;

use super::{At, Model, Slots, constant, lag};
use crate::config::source::{CameraSource, LandmarkSource};
use crate::engine::parameter::{Kind, SITE, id};
use crate::engine::report::Fate;

pub(super) fn landmark(
    at: &At,
    config: &LandmarkSource,
    reading: &sample::Landmark,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    if reading.range_m <= 0.0 {
        return Err(Fate::Invalid);
    }
    let target = at
        .setup
        .landmarks
        .get(reading.landmark.as_str())
        .ok_or(Fate::UnknownTarget)?;
    let proportional = config.range_sigma_ratio * reading.range_m;
    let model = Landmark {
        p_na: target.p_n,
        p_bs: at.source.p_bs,
        r_bs: at.source.r_bs,
        range_m: reading.range_m,
        bearing_rad: reading.bearing_rad,
        range_sigma_m: config
            .range_sigma_m
            .hypot(proportional)
            .hypot(target.sigma_m),
        bearing_sigma_rad: config
            .bearing_sigma_deg
            .to_radians()
            .hypot(target.sigma_m / reading.range_m),
        scale: constant(slots, at.id(Kind::RangeScale), config.scale_sigma),
    };
    let bias = constant(slots, at.id(Kind::SensorBias), config.bias_sigma_m);
    let turn_sigma = config.bearing_bias_sigma_deg.to_radians();
    let turn = constant(slots, at.id(Kind::BearingBias), turn_sigma);
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(Model::Landmark(
        Corrected::new(model)
            .lag(time_lag)
            .additive(0, bias)
            .additive(1, turn),
    ))
}

pub(super) fn bearing(
    at: &At,
    config: &LandmarkSource,
    reading: &sample::Bearing,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let target = at
        .setup
        .landmarks
        .get(reading.anchor.as_str())
        .ok_or(Fate::UnknownTarget)?;
    let model = Azimuth {
        p_na: target.p_n,
        p_bs: at.source.p_bs,
        r_bs: at.source.r_bs,
        azimuth_rad: reading.azimuth_rad,
        sigma_rad: config.bearing_sigma_deg.to_radians(),
    };
    let turn_sigma = config.bearing_bias_sigma_deg.to_radians();
    let turn = constant(slots, at.id(Kind::BearingBias), turn_sigma);
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(Model::Azimuth(
        Corrected::new(model).lag(time_lag).additive(0, turn),
    ))
}

/// The survey error of a target: the same in every sighting.
fn survey(index: u16, sigma_m: f64, slots: &mut impl Slots) -> [Option<Slot>; 3] {
    [Kind::SurveyX, Kind::SurveyY, Kind::SurveyZ]
        .map(|kind| constant(slots, id(kind, SITE, index), sigma_m))
}

fn camera(at: &At, config: &CameraSource, slots: &mut impl Slots) -> Camera {
    let sigma_rad = config.rotation_sigma_deg.to_radians();
    Camera {
        turn: [Kind::MountX, Kind::MountY, Kind::MountZ]
            .map(|kind| constant(slots, at.id(kind), sigma_rad)),
        p_bs: at.source.p_bs,
        r_bs: at.source.r_bs,
        focal_px: Vector2::from(config.focal_px),
        centre_px: Vector2::from(config.centre_px),
    }
}

pub(super) fn pixel(
    at: &At,
    config: &CameraSource,
    reading: &sample::Pixel,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let target = at
        .setup
        .landmarks
        .get(reading.landmark.as_str())
        .ok_or(Fate::UnknownTarget)?;
    let model = Pixel {
        p_n: target.p_n,
        survey: survey(target.index, target.sigma_m, slots),
        uv_px: Vector2::from(reading.uv_px),
        sigma_px: config.sigma_px,
        camera: camera(at, config, slots),
    };
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(Model::Pixel(Corrected::new(model).lag(time_lag)))
}

pub(super) fn marker(
    at: &At,
    config: &CameraSource,
    reading: &sample::Marker,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let target = at
        .setup
        .markers
        .get(reading.marker.as_str())
        .ok_or(Fate::UnknownTarget)?;
    let model = Marker {
        p_nm: target.p_n,
        r_nm: target.r_nm,
        size_m: target.size_m,
        survey: survey(target.index, target.sigma_m, slots),
        corners_px: reading.corners_px.map(Vector2::from),
        sigma_px: config.sigma_px,
        camera: camera(at, config, slots),
    };
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(Model::Marker(Corrected::new(model).lag(time_lag)))
}
