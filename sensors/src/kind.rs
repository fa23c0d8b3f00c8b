//! The kinds of reading by name: what stands between a file's text and [`Reading`]'s variants.
//!
//! One table serves JSON Lines (`{"range": {...}}`), log channels (`/uwb/range`) and column maps
//! (`kind = "range"`), so that a name can't mean two things.

use serde::de::DeserializeSeed;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sample::Reading;

/// The payload of a [`Reading`] alone, without its kind: `{"anchor": "A1", "range_m": 3.2}`.
///
/// ```
/// use wayfix_sensors::{Content, Reading, sample::Height};
/// let reading = Reading::Height(Height { height_m: 1.5 });
/// assert_eq!(serde_json::to_string(&Content(&reading)).unwrap(), r#"{"height_m":1.5}"#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Content<'a>(pub &'a Reading);

macro_rules! kinds {
    ($($name:literal $variant:ident,)*) => {
        /// One value a variant of [`Reading`]. As a `DeserializeSeed` it reads that variant's
        /// payload, the inverse of [`Content`].
        ///
        /// ```
        /// use serde::de::DeserializeSeed;
        /// use wayfix_sensors::{Kind, Reading, sample::Height};
        /// let kind = Kind::from_name("height").unwrap();
        /// let mut json = serde_json::Deserializer::from_str(r#"{"height_m": 1.5}"#);
        /// let reading = kind.deserialize(&mut json).unwrap();
        /// assert_eq!(reading, Reading::Height(Height { height_m: 1.5 }));
        /// assert_eq!(reading.kind(), kind);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $(#[doc = concat!("`", $name, "`")] $variant,)* }

        impl Kind {
            /// All kinds, in the order of [`Reading`]'s variants.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in files and topics, `snake_case`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kind of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }

        impl Reading {
            /// Which kind of reading this is.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)* }
            }
        }

        impl<'de> DeserializeSeed<'de> for Kind {
            type Value = Reading;
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Reading, D::Error> {
                match self { $(Self::$variant => Deserialize::deserialize(from).map(Reading::$variant),)* }
            }
        }

        impl Serialize for Content<'_> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self.0 { $(Reading::$variant(content) => content.serialize(to),)* }
            }
        }
    };
}

kinds! {
    "imu" Imu,
    "magnetic_field" MagneticField,
    "pressure" Pressure,
    "height" Height,
    "wheel_ticks" WheelTicks,
    "wheel_speeds" WheelSpeeds,
    "odometry_step" OdometryStep,
    "twist" Twist,
    "steering" Steering,
    "gnss_position" GnssPosition,
    "gnss_velocity" GnssVelocity,
    "yaw" Yaw,
    "range" Range,
    "range_difference" RangeDifference,
    "bearing" Bearing,
    "rssi" Rssi,
    "landmark" Landmark,
    "pixel" Pixel,
    "marker" Marker,
    "passage" Passage,
    "position" Position,
    "pose" Pose,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_derived_tags() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            // serde's own error for a payload of the wrong shape shows that it knew the tag.
            let json = alloc::format!(r#"{{"{}": 0}}"#, kind.name());
            let error = serde_json::from_str::<Reading>(&json).unwrap_err();
            assert!(
                !alloc::format!("{error}").contains("unknown variant"),
                "{json}: {error}"
            );
        }
        assert_eq!(Kind::from_name("Range"), None);
    }
}
