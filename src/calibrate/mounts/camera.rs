//! What a camera saw of places that site.toml has.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::{Vector2, Vector3};
use wayfix_calibration::drive::Track;
use wayfix_calibration::markers::{Camera, corners};
use wayfix_calibration::mounts::camera::{CameraBelieved, CameraFound, Imaged, calibrate_camera};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Reading, Sample};

use super::{CalibrateError, turn_of};
use crate::calibrate::markers::{Target, placed};
use crate::config::Site;
use crate::config::source::CameraSource;

/// Images of what site.toml has, and the sigma of each one's survey \[m\].
pub(super) struct Images {
    images: Vec<Imaged>,
    survey_sigmas_m: Vec<f64>,
}

/// Images by time.
pub(super) fn images<'a>(
    site: &Site,
    source: &Name,
    samples: impl Iterator<Item = &'a Sample>,
    begin: Timestamp,
) -> Result<Images, CalibrateError> {
    let mut targets: BTreeMap<(Target, Name), usize> = BTreeMap::new();
    let mut unknown: BTreeSet<Name> = BTreeSet::new();
    let (mut images, mut survey_sigmas_m) = (Vec::new(), Vec::new());
    for sample in samples {
        let (target, name, pixels) = match &sample.reading {
            Reading::Marker(m) => (Target::Marker, m.marker, m.corners_px.to_vec()),
            Reading::Pixel(p) => (Target::Landmark, p.landmark, vec![p.uv_px]),
            _ => continue,
        };
        let Some(place) = placed(site, target, &name) else {
            unknown.insert(name);
            continue;
        };
        let own = match target {
            Target::Marker => corners(place.size_m).to_vec(),
            Target::Landmark => vec![Vector3::zeros()],
        };
        let in_site = own.into_iter().map(|corner| place.p_n + place.q_n * corner);
        let points = in_site.zip(pixels.into_iter().map(Vector2::from)).collect();
        let target = *targets.entry((target, name)).or_insert_with(|| {
            survey_sigmas_m.push(place.sigma_m);
            survey_sigmas_m.len() - 1
        });
        images.push(Imaged {
            t_s: sample.t.seconds_since(begin),
            target,
            points,
        });
    }
    if images.is_empty() && !unknown.is_empty() {
        return Err(CalibrateError::Unsurveyed {
            source_name: source.to_string(),
            seen: unknown.iter().map(Name::to_string).collect(),
        });
    }
    images.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    Ok(Images {
        images,
        survey_sigmas_m,
    })
}

/// Lag, lever arm and axes of a camera.
pub(super) fn calibrate(
    track: &Track,
    config: &CameraSource,
    of: &Images,
    keeps_lever: bool,
) -> Result<CameraFound, CalibrateError> {
    let pinhole = Camera {
        focal_px: Vector2::from(config.focal_px),
        centre_px: Vector2::from(config.centre_px),
    };
    let believed = CameraBelieved {
        lag_s: config.delay_s,
        lever: Vector3::from(config.mount.position_m),
        q_bc: turn_of(&config.mount),
        seeks_lever: !keeps_lever,
        survey_sigmas_m: of.survey_sigmas_m.clone(),
    };
    calibrate_camera(track, &pinhole, &of.images, &believed).map_err(CalibrateError::Sightings)
}
