//! Where the vehicle was, by truth or by a source that says so.

use nalgebra::{Quaternion, UnitQuaternion, Vector3};
use wayfix_filter::{Timestamp, math};
use wayfix_sensors::{Reading, Sample};

use crate::config::source::Mount;
use crate::config::{Site, Vehicle};
use crate::log::{Record, Truth};

/// Longest gap across which a track is interpolated \[s\].
const GAP_S: f64 = 1.0;

/// Where the vehicle's reference point was, at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// When, delays taken off.
    pub t: Timestamp,
    /// Reference point in the site frame \[m\].
    pub p_nb: Vector3<f64>,
    /// Attitude, or heading alone, where known.
    pub q_nb: Option<UnitQuaternion<f64>>,
}

/// Places in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Track {
    places: Vec<Place>,
    /// What gives them: a source, or truth.
    source: Option<String>,
}

impl Track {
    /// A track by truth, or by the poses, positions or satellite positions of a source.
    #[must_use]
    pub fn by(source: Option<&str>) -> Self {
        Self {
            places: Vec::new(),
            source: source.map(str::to_owned),
        }
    }

    /// Takes a record of the log.
    pub fn take(&mut self, site: &Site, vehicle: &Vehicle, record: &Record) {
        let place = match (record, &self.source) {
            (Record::Truth(truth), None) => by_truth(vehicle, truth),
            (Record::Sample(sample), Some(source)) if sample.source.as_str() == source => {
                by_source(site, vehicle, sample)
            }
            _ => None,
        };
        self.places.extend(place);
    }

    /// By time, each time once.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.places.sort_by_key(|place| place.t);
        self.places.dedup_by_key(|place| place.t);
        self
    }

    /// All places.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Length of the way, as places a second apart show it \[m\].
    #[must_use]
    pub fn length_m(&self) -> f64 {
        let mut last: Option<&Place> = None;
        let mut length_m = 0.0;
        for place in &self.places {
            match last {
                Some(from) if place.t.seconds_since(from.t) < 1.0 => {}
                Some(from) => {
                    length_m += (place.p_nb - from.p_nb).norm();
                    last = Some(place);
                }
                None => last = Some(place),
            }
        }
        length_m
    }

    /// Where the vehicle was at a time, between two places that are close enough.
    #[must_use]
    pub fn at(&self, t: Timestamp) -> Option<Place> {
        let next = self.places.partition_point(|place| place.t < t);
        let after = self.places.get(next)?;
        if after.t == t {
            return Some(*after);
        }
        let before = self.places.get(next.checked_sub(1)?)?;
        let span_s = after.t.seconds_since(before.t);
        if span_s > GAP_S {
            return None;
        }
        let share = t.seconds_since(before.t) / span_s;
        let q_nb = before.q_nb.zip(after.q_nb);
        Some(Place {
            t,
            p_nb: before.p_nb + share * (after.p_nb - before.p_nb),
            q_nb: q_nb.map(|(from, to)| from.slerp(&to, share)),
        })
    }

    /// Where a sensor of the vehicle was \[m\]. Without a heading its lever arm counts as upright only.
    #[must_use]
    pub fn sensor_at(&self, t: Timestamp, mount: &Mount) -> Option<Vector3<f64>> {
        let place = self.at(t)?;
        let lever = Vector3::from(mount.position_m);
        Some(
            place.p_nb
                + place
                    .q_nb
                    .map_or(Vector3::new(0.0, 0.0, lever.z), |q| q * lever),
        )
    }
}

fn by_truth(vehicle: &Vehicle, truth: &Truth) -> Option<Place> {
    let [x, y] = truth.state.xy_m?;
    let height_m = vehicle.motion.planar_height_m.unwrap_or(0.0);
    let by_heading = |yaw_rad| math::from_roll_pitch_yaw(0.0, 0.0, yaw_rad);
    Some(Place {
        t: truth.t,
        p_nb: Vector3::new(x, y, truth.state.z_m.unwrap_or(height_m)),
        q_nb: (truth.state.q_nb()).or_else(|| truth.state.heading_rad().map(by_heading)),
    })
}

fn by_source(site: &Site, vehicle: &Vehicle, sample: &Sample) -> Option<Place> {
    let config = vehicle.sources.get(sample.source.as_str())?;
    let t = sample.t.shifted(-config.delay_s(&sample.reading));
    let mount = config.mount();
    let lever = Vector3::from(mount.position_m);
    let height_m = vehicle.motion.planar_height_m.unwrap_or(0.0);
    // The height of the sensor where only its x and y are known.
    let sensor_m = height_m + lever.z;
    let (p_ns, q_nb) = match &sample.reading {
        Reading::Pose(pose) => {
            let [w, x, y, z] = pose.attitude_wxyz;
            let q_ns = UnitQuaternion::from_quaternion(Quaternion::new(w, x, y, z));
            let [roll, pitch, yaw] = mount.rpy_deg.map(f64::to_radians);
            let q_bs = math::from_roll_pitch_yaw(roll, pitch, yaw);
            (Vector3::from(pose.position_m), Some(q_ns * q_bs.inverse()))
        }
        Reading::Position(position) => {
            let [x, y] = position.xy_m;
            (Vector3::new(x, y, position.z_m.unwrap_or(sensor_m)), None)
        }
        Reading::GnssPosition(position) => {
            let datum = site.datum?;
            let height_m = position.height_m.unwrap_or(datum.height_m + sensor_m);
            let p_ns = datum.enu(position.lat_deg, position.lon_deg, Some(height_m));
            (p_ns, None)
        }
        _ => return None,
    };
    let arm = q_nb.map_or(Vector3::new(0.0, 0.0, lever.z), |q| q * lever);
    Some(Place {
        t,
        p_nb: p_ns - arm,
        q_nb,
    })
}

#[cfg(test)]
mod tests {
    use wayfix_sensors::Name;
    use wayfix_sensors::sample::Pose;

    use super::*;
    use crate::config::vehicle_from_str;
    use crate::log::TruthState;

    #[test]
    fn a_pose_of_a_turned_sensor_is_the_vehicle() {
        let text = "[source.laser]\nkind = \"pose\"\ndelay_s = 0.1\n\
                    mount = { position_m = [1.0, 0.0, 0.5], rpy_deg = [0.0, 0.0, 90.0] }\n";
        let vehicle = vehicle_from_str("vehicle.toml", text).unwrap().value;
        // The vehicle at (2, 3) looks along y, so its laser sits a metre ahead and looks along −x.
        let q_ns = math::from_roll_pitch_yaw(0.0, 0.0, std::f64::consts::PI);
        let pose = Pose {
            position_m: [2.0, 4.0, 0.5],
            attitude_wxyz: [q_ns.w, q_ns.i, q_ns.j, q_ns.k],
            sigma_m: None,
            sigma_rad: None,
        };
        let mut track = Track::by(Some("laser"));
        for t_s in [1.1, 1.6] {
            let sample = Sample {
                t: Timestamp::from_seconds(t_s),
                source: Name::from("laser").unwrap(),
                reading: Reading::Pose(pose),
            };
            track.take(&Site::default(), &vehicle, &Record::Sample(sample));
        }
        let track = track.sorted();
        let at = track.at(Timestamp::from_seconds(1.25)).unwrap();
        assert!(
            (at.p_nb - Vector3::new(2.0, 3.0, 0.0)).norm() < 1e-9,
            "{at:?}"
        );
        let mount = Mount {
            position_m: [0.0, 0.5, 1.0],
            ..Mount::default()
        };
        let sensor = track
            .sensor_at(Timestamp::from_seconds(1.25), &mount)
            .unwrap();
        assert!((sensor - Vector3::new(1.5, 3.0, 1.0)).norm() < 1e-9);
    }

    #[test]
    fn gaps_are_not_bridged() {
        let mut track = Track::by(None);
        for (t_s, x) in [(0.0, 0.0), (0.5, 1.0), (3.0, 2.0)] {
            let state = TruthState {
                xy_m: Some([x, 0.0]),
                ..TruthState::default()
            };
            let t = Timestamp::from_seconds(t_s);
            let vehicle = vehicle_from_str("vehicle.toml", "").unwrap().value;
            track.take(
                &Site::default(),
                &vehicle,
                &Record::Truth(Truth { t, state }),
            );
        }
        let track = track.sorted();
        let x = |t_s| {
            track
                .at(Timestamp::from_seconds(t_s))
                .map(|place| place.p_nb.x)
        };
        assert_eq!((x(0.25), x(1.0), x(4.0)), (Some(0.5), None, None));
    }
}
