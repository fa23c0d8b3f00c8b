//! Groups of measurements that fail together: a source, or a part of its targets.

use serde::{Deserialize, Serialize};
use wayfix_sensors::Reading;

use super::setup::Setup;
use crate::config::{Site, Source, Vehicle};

/// Most groups of one vehicle.
const MOST: usize = 6;
/// A source is split into so many groups where it has as many targets.
const SPLIT: usize = 4;

/// One group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupId {
    /// Index of the source.
    pub source: u16,
    /// Which part of its targets.
    pub part: u16,
}

/// Into how many groups each source is split; 0: its measurements are no hypothesis of their own.
#[derive(Clone, Debug, Default)]
pub struct Groups(Vec<u16>);

impl Groups {
    /// For the sources of a vehicle in their order: as many as [`MOST`] allows, fewer where the source
    /// has fewer targets.
    #[must_use]
    pub fn new(site: &Site, vehicle: &Vehicle) -> Self {
        let targets = |source: &Source| match source {
            Source::Imu(_) | Source::Wheels(_) | Source::Steering(_) => 0,
            Source::Uwb(_) => site.anchors.len(),
            Source::Rssi(_) => site.beacons.len(),
            Source::Landmark(_) => site.landmarks.len(),
            Source::Camera(_) => site.landmarks.len() + site.markers.len(),
            Source::Magnetometer(_)
            | Source::Height(_)
            | Source::Gnss(_)
            | Source::Portal(_)
            | Source::Pose(_) => 1,
        };
        let mut parts: Vec<usize> = (vehicle.sources.values())
            .map(|source| match targets(source) {
                0 => 0,
                n if n < SPLIT => 1,
                _ => SPLIT,
            })
            .collect();
        while parts.iter().sum::<usize>() > MOST {
            // The last of the largest: the same on every machine.
            match parts.iter_mut().max() {
                Some(largest) if *largest > 1 => *largest -= 1,
                _ => break,
            }
        }
        Self(parts.into_iter().map(|n| n as u16).collect())
    }

    /// The groups that a reading belongs to: one, or two where it has two targets.
    pub fn of(&self, setup: &Setup, source: u16, reading: &Reading) -> [Option<GroupId>; 2] {
        let parts = self.0.get(usize::from(source)).copied().unwrap_or(0);
        if parts == 0 {
            return [None; 2];
        }
        let targets = match reading {
            Reading::Passage(_) => [Some(0), None],
            _ if reading.target().is_none() => [Some(0), None],
            _ => setup.targets(reading),
        };
        let [first, second] = targets.map(|index| {
            index.map(|index| GroupId {
                source,
                part: index % parts,
            })
        });
        [first, second.filter(|_| second != first)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::site::Anchor;

    #[test]
    fn anchors_are_split_and_a_full_vehicle_is_split_less() {
        let anchor = |i: usize| Anchor {
            id: format!("A{i}"),
            position_m: [0.0; 3],
            bias_m: 0.0,
        };
        let site = Site {
            anchors: (0..6).map(anchor).collect(),
            ..Site::default()
        };
        let vehicle = |sources: &str| toml::from_str::<Vehicle>(sources).unwrap();
        let one = vehicle(
            "source.uwb = { kind = \"uwb\", range_sigma_m = 0.1 }\nsource.imu = { kind = \"imu\" }",
        );
        assert_eq!(Groups::new(&site, &one).0, [0, 4]);
        let kinds = [
            "a = { kind = \"uwb\" }",
            "b = { kind = \"uwb\" }",
            "c = { kind = \"gnss\" }",
            "d = { kind = \"height\" }",
            "e = { kind = \"portal\" }",
        ];
        let many: String = kinds.iter().map(|k| format!("source.{k}\n")).collect();
        assert_eq!(Groups::new(&site, &vehicle(&many)).0.iter().sum::<u16>(), 6);
    }
}
