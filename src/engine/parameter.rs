//! Which calibration states exist, and what they are called.

use wayfix_filter::ParameterId;

use super::setup::Setup;

/// What a parameter means. One source may have several; some are one an anchor or beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Range scale.
    RangeScale,
    /// Constant range bias of an anchor \[m\].
    RangeBias,
    /// Slowly varying range error of an anchor \[m\].
    RangeDrift,
    /// Time lag \[s\].
    Lag,
    /// Time lag of the velocity of the same receiver \[s\].
    VelocityLag,
    /// Wheel scale.
    WheelScale,
    /// Yaw-rate scale.
    YawRateScale,
    /// Yaw-rate bias [rad/s].
    YawRateBias,
    /// Steering offset [rad].
    SteeringOffset,
    /// Slowly varying position error along x \[m\].
    DriftX,
    /// ... along y.
    DriftY,
    /// ... along z.
    DriftZ,
    /// Lever arm error along body x \[m\].
    LeverX,
    /// ... along body y.
    LeverY,
    /// Height reference \[m\].
    HeightOffset,
    /// Constant offset of a beacon [dB].
    RssiBias,
    /// Slowly varying shadowing of a beacon [dB].
    RssiDrift,
    /// Bearing bias [rad].
    BearingBias,
    /// Constant range bias of a scanner \[m\].
    SensorBias,
    /// Slowly varying heading disturbance [rad].
    HeadingDrift,
    /// Hard iron along body x \[T\].
    HardIronX,
    /// ... along body y.
    HardIronY,
    /// ... along body z.
    HardIronZ,
    /// Survey error of a landmark or marker along x \[m\].
    SurveyX,
    /// ... along y.
    SurveyY,
    /// ... along z.
    SurveyZ,
    /// Angle between the body's x axis and the way it rolls, to the left [rad].
    TravelYaw,
    /// ... upwards.
    TravelPitch,
    /// How far ahead of the reference point the axle lies that does not slip \[m\].
    AxleAhead,
    /// Error of a camera's mount about its x axis [rad].
    MountX,
    /// ... about y.
    MountY,
    /// ... about z.
    MountZ,
    /// Error of the datum to the east \[m\].
    TieX,
    /// ... to the north.
    TieY,
    /// Error of the site frame's direction against north [rad].
    TieYaw,
}

const KINDS: [(Kind, &str); 35] = [
    (Kind::RangeScale, "range_scale"),
    (Kind::RangeBias, "range_bias_m"),
    (Kind::RangeDrift, "range_drift_m"),
    (Kind::Lag, "lag_s"),
    (Kind::VelocityLag, "velocity_lag_s"),
    (Kind::WheelScale, "wheel_scale"),
    (Kind::YawRateScale, "yaw_rate_scale"),
    (Kind::YawRateBias, "yaw_rate_bias_radps"),
    (Kind::SteeringOffset, "steering_offset_rad"),
    (Kind::DriftX, "drift_x_m"),
    (Kind::DriftY, "drift_y_m"),
    (Kind::DriftZ, "drift_z_m"),
    (Kind::LeverX, "lever_x_m"),
    (Kind::LeverY, "lever_y_m"),
    (Kind::HeightOffset, "height_offset_m"),
    (Kind::RssiBias, "rssi_bias_db"),
    (Kind::RssiDrift, "rssi_drift_db"),
    (Kind::BearingBias, "bearing_bias_rad"),
    (Kind::SensorBias, "range_bias_m"),
    (Kind::HeadingDrift, "heading_drift_rad"),
    (Kind::HardIronX, "hard_iron_x_tesla"),
    (Kind::HardIronY, "hard_iron_y_tesla"),
    (Kind::HardIronZ, "hard_iron_z_tesla"),
    (Kind::SurveyX, "survey_x_m"),
    (Kind::SurveyY, "survey_y_m"),
    (Kind::SurveyZ, "survey_z_m"),
    (Kind::TravelYaw, "travel_yaw_rad"),
    (Kind::TravelPitch, "travel_pitch_rad"),
    (Kind::AxleAhead, "axle_ahead_m"),
    (Kind::MountX, "mount_x_rad"),
    (Kind::MountY, "mount_y_rad"),
    (Kind::MountZ, "mount_z_rad"),
    (Kind::TieX, "datum_x_m"),
    (Kind::TieY, "datum_y_m"),
    (Kind::TieYaw, "datum_yaw_rad"),
];

/// The id of a parameter of a source; `target` is the anchor's or beacon's index, else 0.
#[must_use]
pub fn id(kind: Kind, source: u16, target: u16) -> ParameterId {
    ParameterId((kind as u32) << 24 | u32::from(source & 0xff) << 16 | u32::from(target))
}

/// The source of what belongs to the site and not to a sensor.
pub const SITE: u16 = 0xff;
/// The source of what belongs to the vehicle and not to a sensor.
pub const VEHICLE: u16 = 0xfe;

/// Whether a parameter is the site's, which a vehicle that is lost says nothing about.
#[must_use]
pub fn is_of_site(id: ParameterId) -> bool {
    id.0 >> 16 & 0xff == u32::from(SITE)
}

/// Whether a parameter is of one of many targets that are passed and left behind.
#[must_use]
pub fn is_passing(id: ParameterId) -> bool {
    const PASSING: [Kind; 5] = [
        Kind::SurveyX,
        Kind::SurveyY,
        Kind::SurveyZ,
        Kind::RssiBias,
        Kind::RssiDrift,
    ];
    PASSING.iter().any(|kind| *kind as u32 == id.0 >> 24)
}

/// Whether a parameter is an error that adds to every component of its measurement, once for each.
#[must_use]
pub fn is_additive(id: ParameterId) -> bool {
    // One of the three drift components stands for all: they have the same sigma.
    const ADDITIVE: [Kind; 6] = [
        Kind::RangeBias,
        Kind::RangeDrift,
        Kind::DriftX,
        Kind::RssiBias,
        Kind::RssiDrift,
        Kind::HeadingDrift,
    ];
    ADDITIVE.iter().any(|kind| *kind as u32 == id.0 >> 24)
}

/// The name that people read: `source.parameter` or `source.parameter[anchor]`.
#[must_use]
pub fn name(setup: &Setup, id: ParameterId) -> String {
    let kind = (id.0 >> 24) as usize;
    let source = (id.0 >> 16 & 0xff) as u16;
    let target = (id.0 & 0xffff) as u16;
    let source = match setup.sources.get(usize::from(source)) {
        Some(s) => s.name.as_str(),
        None if source == SITE => "site",
        None if source == VEHICLE => "vehicle",
        None => "?",
    };
    let Some(&(kind, label)) = KINDS.get(kind) else {
        return format!("{source}.?");
    };
    let of = |found: Option<&String>| found.map_or_else(String::new, |n| format!("[{n}]"));
    let target = match kind {
        Kind::RangeBias | Kind::RangeDrift => of(setup
            .anchors
            .iter()
            .find(|(_, a)| a.index == target)
            .map(|(n, _)| n)),
        Kind::RssiBias | Kind::RssiDrift => of(setup
            .beacons
            .iter()
            .find(|(_, b)| b.index == target)
            .map(|(n, _)| n)),
        Kind::SurveyX | Kind::SurveyY | Kind::SurveyZ => {
            let landmarks = setup.landmarks.iter().map(|(n, l)| (n, l.index));
            let markers = setup.markers.iter().map(|(n, m)| (n, m.index));
            of(landmarks
                .chain(markers)
                .find(|(_, i)| *i == target)
                .map(|(n, _)| n))
        }
        _ => String::new(),
    };
    format!("{source}.{label}{target}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_kinds() {
        for (i, (kind, _)) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, i);
        }
    }
}
