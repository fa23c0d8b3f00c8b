//! What each topic's messages hold, for programs that read logs without knowing Wayfix: the
//! fields of every reading, as JSON Schema in MCAP files and as targets of column maps.

use serde_json::{Value, json};
use wayfix_sensors::Kind;

/// What the messages of one topic are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Readings of one kind.
    Reading(Kind),
    /// Where the asset really was.
    Truth,
}

impl Payload {
    /// The name in topics and column maps.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading(kind) => kind.name(),
            Self::Truth => "truth",
        }
    }

    /// The payload of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (name == "truth")
            .then_some(Self::Truth)
            .or_else(|| Kind::from_name(name).map(Self::Reading))
    }
}

/// One key of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key, with its unit.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether a message without it is malformed.
    pub required: bool,
}

/// What a field's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A finite number.
    Number,
    /// A whole number.
    Integer,
    /// An id, at most 48 bytes.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// So many numbers.
    Vector(usize),
    /// So many points of two numbers.
    Points(usize),
    /// One number a wheel, one to four.
    Wheels,
    /// One whole number a wheel, one to four.
    WheelCounts,
}

use Shape::{Choice, Integer, Number, Points, Text, Vector, WheelCounts, Wheels};

const fn must(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        required: true,
    }
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        required: false,
    }
}

/// The fields of a payload, in the order in which they are written.
#[must_use]
pub fn fields(payload: Payload) -> &'static [Field] {
    const FIXES: Shape = Choice(&["single", "differential", "rtk_float", "rtk_fixed"]);
    let kind = match payload {
        Payload::Reading(kind) => kind,
        Payload::Truth => {
            return const {
                &[
                    may("xy_m", Vector(2)),
                    may("z_m", Number),
                    may("yaw_rad", Number),
                    may("attitude_wxyz", Vector(4)),
                    may("velocity_mps", Vector(3)),
                ]
            };
        }
    };
    match kind {
        Kind::Imu => const { &[must("gyro_radps", Vector(3)), may("accel_mps2", Vector(3))] },
        Kind::MagneticField => const { &[must("field_tesla", Vector(3))] },
        Kind::Pressure => const { &[must("pressure_pa", Number)] },
        Kind::Height => const { &[must("height_m", Number)] },
        Kind::WheelTicks => const { &[must("ticks", WheelCounts), may("steering_ticks", Integer)] },
        Kind::WheelSpeeds => const { &[must("speeds_mps", Wheels)] },
        Kind::OdometryStep => {
            const { &[must("distance_m", Number), may("yaw_change_rad", Number)] }
        }
        Kind::Twist => const { &[must("forward_mps", Number), may("yaw_rate_radps", Number)] },
        Kind::Steering => const { &[must("angle_rad", Number)] },
        Kind::GnssPosition => {
            const {
                &[
                    must("lat_deg", Number),
                    must("lon_deg", Number),
                    may("height_m", Number),
                    may("fix", FIXES),
                    may("sigma_enu_m", Vector(3)),
                    may("hdop", Number),
                    may("satellites", Integer),
                ]
            }
        }
        Kind::GnssVelocity => {
            const {
                &[
                    must("east_mps", Number),
                    must("north_mps", Number),
                    may("up_mps", Number),
                    may("sigma_mps", Number),
                ]
            }
        }
        Kind::Yaw => const { &[must("yaw_rad", Number), may("sigma_rad", Number)] },
        Kind::Range => {
            const {
                &[
                    must("anchor", Text),
                    must("range_m", Number),
                    may("rx_power_dbm", Number),
                    may("first_path_dbm", Number),
                ]
            }
        }
        Kind::RangeDifference => {
            const {
                &[
                    must("anchor_a", Text),
                    must("anchor_b", Text),
                    must("difference_m", Number),
                ]
            }
        }
        Kind::Bearing => {
            const {
                &[
                    must("anchor", Text),
                    must("azimuth_rad", Number),
                    may("elevation_rad", Number),
                ]
            }
        }
        Kind::Rssi => {
            const {
                &[
                    must("beacon", Text),
                    must("rssi_dbm", Number),
                    may("advertised_dbm", Number),
                ]
            }
        }
        Kind::Landmark => {
            const {
                &[
                    must("landmark", Text),
                    must("range_m", Number),
                    must("bearing_rad", Number),
                ]
            }
        }
        Kind::Pixel => const { &[must("landmark", Text), must("uv_px", Vector(2))] },
        Kind::Marker => const { &[must("marker", Text), must("corners_px", Points(4))] },
        Kind::Passage => const { &[must("portal", Text)] },
        Kind::Position => {
            const {
                &[
                    must("xy_m", Vector(2)),
                    may("z_m", Number),
                    may("sigma_m", Number),
                ]
            }
        }
        Kind::Pose => {
            const {
                &[
                    must("position_m", Vector(3)),
                    must("attitude_wxyz", Vector(4)),
                    may("sigma_m", Number),
                    may("sigma_rad", Number),
                ]
            }
        }
    }
}

/// The payload's JSON Schema.
#[must_use]
pub fn json_schema(payload: Payload) -> Value {
    let fields = fields(payload);
    let properties = fields
        .iter()
        .map(|f| (f.name.to_owned(), f.shape.json_schema()));
    json!({
        "title": format!("wayfix.{}", payload.name()),
        "type": "object",
        "properties": properties.collect::<serde_json::Map<_, _>>(),
        "required": fields.iter().filter(|f| f.required).map(|f| f.name).collect::<Vec<_>>(),
    })
}

impl Shape {
    fn json_schema(self) -> Value {
        let array = |items: Value, least: usize, most: usize| json!({ "type": "array", "items": items, "minItems": least, "maxItems": most });
        let (number, integer) = (json!({ "type": "number" }), json!({ "type": "integer" }));
        match self {
            Number => number,
            Integer => integer,
            Text => json!({ "type": "string", "maxLength": 48 }),
            Choice(words) => json!({ "type": "string", "enum": words }),
            Vector(n) => array(number, n, n),
            Points(n) => array(array(number, 2, 2), n, n),
            Wheels => array(number, 1, 4),
            WheelCounts => array(integer, 1, 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::arbitrary::{parse, value};

    #[test]
    fn fields_are_those_of_the_types() {
        let payloads = Kind::ALL
            .iter()
            .map(|&kind| Payload::Reading(kind))
            .chain([Payload::Truth]);
        for payload in payloads {
            let every = value(payload, u64::MAX, &[0.5]);
            let record = parse(payload, &every).unwrap_or_else(|e| panic!("{payload:?}: {e}"));
            let written = serde_json::to_value(record).unwrap();
            let written = &written[payload.name()];
            assert_eq!(*written, every, "{payload:?}");
            for field in fields(payload) {
                let mut less = every.clone();
                less.as_object_mut().unwrap().remove(field.name);
                assert_eq!(
                    parse(payload, &less).is_err(),
                    field.required,
                    "{payload:?} {field:?}"
                );
            }
            assert_eq!(Payload::from_name(payload.name()), Some(payload));
        }
    }
}
