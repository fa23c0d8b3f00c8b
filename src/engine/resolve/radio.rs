//! Ranges, range differences, bearings and signal strengths.

use wayfix_filter::measurement::{Azimuth, Corrected, Direction, Range, RangeDifference, Rssi};
use wayfix_sensors::sample;

use super::{At, Model, Slots, constant, drift, lag};
use crate::config::source::{RssiSource, UwbSource};
use crate::engine::parameter::Kind;
use crate::engine::report::Fate;
use crate::engine::setup::Beacon;

/// Longest believable range \[m\].
const MAX_RANGE_M: f64 = 1e5;
/// Signal strengths outside this range [dBm] are error codes, not measurements.
const RSSI_RANGE_DBM: core::ops::Range<f64> = -150.0..20.0;

/// What a blocked path adds, by the radio's own evidence (first-path power far below the total) \[m\]. It
/// only ever adds, and is about exponential, so that its mean is its sigma (Alsindi et al. 2009).
fn excess_m(config: &UwbSource, reading: &sample::Range) -> f64 {
    let beyond_db = match (reading.rx_power_dbm, reading.first_path_dbm) {
        (Some(total), Some(first)) => (total - first - config.nlos_gap_db).max(0.0),
        _ => 0.0,
    };
    beyond_db * config.nlos_sigma_m_per_db
}

pub(super) fn range(
    at: &At,
    config: &UwbSource,
    reading: &sample::Range,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    if !(reading.range_m > 0.0 && reading.range_m < MAX_RANGE_M) {
        return Err(Fate::Invalid);
    }
    let anchor = at
        .setup
        .anchors
        .get(reading.anchor.as_str())
        .ok_or(Fate::UnknownTarget)?;
    let excess_m = excess_m(config, reading);
    let white_m = config
        .range_sigma_m
        .hypot(config.range_sigma_ratio * reading.range_m);
    let model = Range {
        p_na: anchor.p_n,
        p_bt: at.source.p_bs,
        range_m: (reading.range_m - anchor.bias_m - excess_m) / config.scale,
        sigma_m: white_m.hypot(excess_m),
        scale: constant(slots, at.id(Kind::RangeScale), config.scale_sigma),
        horizontal: config.horizontal,
    };
    let bias = constant(
        slots,
        at.id_of(Kind::RangeBias, anchor.index),
        config.bias_sigma_m,
    );
    let id = at.id_of(Kind::RangeDrift, anchor.index);
    let slow = drift(slots, id, config.drift_sigma_m, config.drift_time_s);
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(Model::Range(
        Corrected::new(model)
            .lag(time_lag)
            .additive(0, bias)
            .additive(0, slow),
    ))
}

pub(super) fn difference(
    at: &At,
    config: &UwbSource,
    reading: &sample::RangeDifference,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    if reading.difference_m.abs() > MAX_RANGE_M {
        return Err(Fate::Invalid);
    }
    let find = |id: &str| at.setup.anchors.get(id).ok_or(Fate::UnknownTarget);
    let anchors = [find(&reading.anchor_a)?, find(&reading.anchor_b)?];
    let bias = anchors.map(|a| {
        constant(
            slots,
            at.id_of(Kind::RangeBias, a.index),
            config.bias_sigma_m,
        )
    });
    let model = RangeDifference {
        p_na: anchors.map(|a| a.p_n),
        p_bt: at.source.p_bs,
        difference_m: (reading.difference_m - anchors[1].bias_m + anchors[0].bias_m) / config.scale,
        sigma_m: config.difference_sigma_m,
        scale: constant(slots, at.id(Kind::RangeScale), config.scale_sigma),
        bias,
    };
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(Model::RangeDifference(Corrected::new(model).lag(time_lag)))
}

pub(super) fn bearing(
    at: &At,
    config: &UwbSource,
    reading: &sample::Bearing,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let anchor = at
        .setup
        .anchors
        .get(reading.anchor.as_str())
        .ok_or(Fate::UnknownTarget)?;
    let azimuth = Azimuth {
        p_na: anchor.p_n,
        p_bs: at.source.p_bs,
        r_bs: at.source.r_bs,
        azimuth_rad: reading.azimuth_rad,
        sigma_rad: config.angle_sigma_deg.to_radians(),
    };
    let time_lag = lag(slots, at.id(Kind::Lag), config.lag_sigma_s);
    Ok(match reading.elevation_rad {
        Some(elevation_rad) => Model::Direction(
            Corrected::new(Direction {
                azimuth,
                elevation_rad,
            })
            .lag(time_lag),
        ),
        None => Model::Azimuth(Corrected::new(azimuth).lag(time_lag)),
    })
}

/// Power at 1 m [dBm] and path-loss exponent: the beacon's own, or else the source's.
pub fn path_loss(beacon: &Beacon, config: &RssiSource, reading: &sample::Rssi) -> (f64, f64) {
    let power_dbm = beacon.power_dbm.or(reading.advertised_dbm);
    (
        power_dbm.unwrap_or(config.power_dbm),
        (beacon.path_loss_exponent).unwrap_or(config.path_loss_exponent),
    )
}

pub(super) fn rssi(
    at: &At,
    config: &RssiSource,
    reading: &sample::Rssi,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    if !RSSI_RANGE_DBM.contains(&reading.rssi_dbm) {
        return Err(Fate::Invalid);
    }
    let beacon = at
        .setup
        .beacons
        .get(reading.beacon.as_str())
        .ok_or(Fate::UnknownTarget)?;
    let (power_dbm, path_loss_exponent) = path_loss(beacon, config, reading);
    let model = Rssi {
        p_na: beacon.p_n,
        p_bt: at.source.p_bs,
        rssi_dbm: reading.rssi_dbm,
        power_dbm,
        path_loss_exponent,
        sigma_db: config.sigma_db,
    };
    let bias = constant(
        slots,
        at.id_of(Kind::RssiBias, beacon.index),
        config.bias_sigma_db,
    );
    let id = at.id_of(Kind::RssiDrift, beacon.index);
    let slow = drift(slots, id, config.drift_sigma_db, config.drift_time_s);
    Ok(Model::Rssi(
        Corrected::new(model).additive(0, bias).additive(0, slow),
    ))
}
