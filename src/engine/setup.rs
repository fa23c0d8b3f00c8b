//! The two files turned into what the estimator looks up: SI, radians, site frame, indices.

use std::collections::{BTreeMap, HashMap};

use nalgebra::{Matrix3, UnitQuaternion, Vector2, Vector3};
use wayfix_filter::{Judge, Weight as FilterWeight, math};
use wayfix_sensors::Reading;

use super::groups::Groups;
use crate::config::site::{Datum, ZoneKind};
use crate::config::source::{Gate, Mount, Weight};
use crate::config::vehicle::{Drive, Estimator, Motion, Protection, Smooth, Start};
use crate::config::{Site, Source, Vehicle};

/// Most sources of one vehicle.
pub const MAX_SOURCES: usize = 24;

/// Everything that does not change while the engine runs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Origin of the site frame on Earth.
    pub datum: Option<Datum>,
    /// Sigma of the tie between satellites and site, each component \[m\], and of its direction [rad];
    /// `None` where there is nothing to tie or it is exact.
    pub tie: Option<(f64, f64)>,
    /// Horizontal direction of magnetic north, inclination [rad] and strength \[T\].
    pub magnetic: Option<MagneticField>,
    /// Points by id: anchors, beacons and landmarks share one name space a kind.
    pub anchors: HashMap<String, Anchor>,
    /// Beacons by id.
    pub beacons: HashMap<String, Beacon>,
    /// Landmarks by id.
    pub landmarks: HashMap<String, Landmark>,
    /// Markers by id.
    pub markers: HashMap<String, Marker>,
    /// Portals by id.
    pub portals: HashMap<String, Portal>,
    /// Zones, corners in the site frame.
    pub zones: Vec<(ZoneKind, Vec<Vector2<f64>>)>,
    /// Heights that floors have \[m\], in ascending order.
    pub floors: Vec<f64>,
    /// Geometry and dynamics.
    pub motion: Motion,
    /// Known start.
    pub start: Option<Start>,
    /// How the estimator works.
    pub estimator: Estimator,
    /// What the estimate promises.
    pub protection: Protection,
    /// Which measurements fail together.
    pub groups: Groups,
    /// How the smooth output follows the exact one.
    pub smooth: Smooth,
    /// The longest delay that vehicle.toml declares of a source: samples wait so long at least before
    /// they are final \[s\].
    pub declared_delay_s: f64,
    /// Time between two states that are kept for smoothing \[s\]; `None`: nothing is kept.
    pub marks_every_s: Option<f64>,
    /// Sources in the order of their names; a source's index is its place here.
    pub sources: Vec<SourceSetup>,
    by_name: BTreeMap<String, u16>,
}

/// A source at run time.
#[derive(Clone, Debug)]
pub struct SourceSetup {
    /// Its name in vehicle.toml.
    pub name: String,
    /// Its settings.
    pub config: Source,
    /// Sensor in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sensor axes to body axes.
    pub q_bs: UnitQuaternion<f64>,
    /// The same as a matrix.
    pub r_bs: Matrix3<f64>,
    /// How its measurements are judged.
    pub judge: Judge,
    /// The gate as configured.
    pub gate: Gate,
}

/// The Earth's field in the site frame.
#[derive(Clone, Copy, Debug)]
pub struct MagneticField {
    /// Unit vector of horizontal north.
    pub north_n: Vector2<f64>,
    /// Below the horizontal [rad].
    pub inclination_rad: f64,
    /// Strength \[T\].
    pub strength_tesla: f64,
}

/// A radio anchor.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    /// Number for parameters.
    pub index: u16,
    /// Position \[m\].
    pub p_n: Vector3<f64>,
    /// Known bias \[m\].
    pub bias_m: f64,
}

/// A beacon.
#[derive(Clone, Copy, Debug)]
pub struct Beacon {
    /// Number for parameters.
    pub index: u16,
    /// Position \[m\].
    pub p_n: Vector3<f64>,
    /// Power at 1 m [dBm], where stated.
    pub power_dbm: Option<f64>,
    /// Path-loss exponent, where stated.
    pub path_loss_exponent: Option<f64>,
}

/// A landmark.
#[derive(Clone, Copy, Debug)]
pub struct Landmark {
    /// Number for parameters.
    pub index: u16,
    /// Position \[m\].
    pub p_n: Vector3<f64>,
    /// Sigma of the survey \[m\].
    pub sigma_m: f64,
}

/// A square marker.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    /// Number for parameters, after those of the landmarks.
    pub index: u16,
    /// Centre \[m\].
    pub p_n: Vector3<f64>,
    /// Marker axes to n.
    pub r_nm: Matrix3<f64>,
    /// Side \[m\].
    pub size_m: f64,
    /// Sigma of the survey \[m\].
    pub sigma_m: f64,
}

/// A portal.
#[derive(Clone, Copy, Debug)]
pub struct Portal {
    /// Number for thinning.
    pub index: u16,
    /// Middle \[m\].
    pub p_n: Vector3<f64>,
    /// Direction of passage [rad].
    pub yaw_rad: f64,
    /// Sigma along \[m\].
    pub sigma_along_m: f64,
    /// Sigma across \[m\].
    pub sigma_across_m: f64,
}

/// Why two files that are each valid can't work together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// More sources than the engine holds.
    #[error("vehicle.toml names {0} sources; the engine holds {MAX_SOURCES}")]
    TooManySources(usize),
}

impl Setup {
    /// Joins the two files.
    ///
    /// # Errors
    /// Where there are more sources than the engine holds.
    pub fn new(site: &Site, vehicle: &Vehicle) -> Result<Self, SetupError> {
        if vehicle.sources.len() > MAX_SOURCES {
            return Err(SetupError::TooManySources(vehicle.sources.len()));
        }
        let grid_yaw_rad = site.grid_yaw_rad();
        let grid_turn = math::from_roll_pitch_yaw(0.0, 0.0, grid_yaw_rad).to_rotation_matrix();
        let indexed = |i: usize| u16::try_from(i).unwrap_or(u16::MAX);
        let sources: Vec<_> = vehicle
            .sources
            .iter()
            .map(|(name, config)| SourceSetup::new(name, config))
            .collect();
        let mut floors: Vec<f64> = site.floors.iter().map(|f| f.height_m).collect();
        floors.sort_by(f64::total_cmp);
        Ok(Self {
            datum: site.datum,
            tie: tie(site),
            magnetic: site.magnetic.map(|m| {
                let declination = m.declination_deg.to_radians();
                MagneticField {
                    north_n: Vector2::new(declination.sin(), declination.cos()),
                    inclination_rad: m.inclination_deg.to_radians(),
                    strength_tesla: m.strength_ut * 1e-6,
                }
            }),
            anchors: (site.anchors.iter().enumerate())
                .map(|(i, a)| {
                    let p_n = site.in_frame(a.position_m);
                    (
                        a.id.clone(),
                        Anchor {
                            index: indexed(i),
                            p_n,
                            bias_m: a.bias_m,
                        },
                    )
                })
                .collect(),
            beacons: (site.beacons.iter().enumerate())
                .map(|(i, b)| {
                    let beacon = Beacon {
                        index: indexed(i),
                        p_n: site.in_frame(b.position_m),
                        power_dbm: b.power_dbm,
                        path_loss_exponent: b.path_loss_exponent,
                    };
                    (b.id.clone(), beacon)
                })
                .collect(),
            landmarks: (site.landmarks.iter().enumerate())
                .map(|(i, l)| {
                    (
                        l.id.clone(),
                        Landmark {
                            index: indexed(i),
                            p_n: site.in_frame(l.position_m),
                            sigma_m: l.sigma_m,
                        },
                    )
                })
                .collect(),
            markers: (site.markers.iter().enumerate())
                .map(|(i, m)| {
                    let [roll, pitch, yaw] = m.rpy_deg.map(f64::to_radians);
                    let q = math::from_roll_pitch_yaw(roll, pitch, yaw);
                    let marker = Marker {
                        index: indexed(site.landmarks.len() + i),
                        p_n: site.in_frame(m.position_m),
                        r_nm: grid_turn.matrix() * q.to_rotation_matrix().matrix(),
                        size_m: m.size_m,
                        sigma_m: m.sigma_m,
                    };
                    (m.id.clone(), marker)
                })
                .collect(),
            portals: (site.portals.iter().enumerate())
                .map(|(i, p)| {
                    // Uniform over the width; over a disc, each coordinate has a quarter of the
                    // diameter as its sigma.
                    let across = if p.yaw_deg.is_some() {
                        p.width_m / 12f64.sqrt()
                    } else {
                        p.width_m / 4.0
                    };
                    let portal = Portal {
                        index: indexed(i),
                        p_n: site.in_frame(p.position_m),
                        yaw_rad: p.yaw_deg.unwrap_or(0.0).to_radians() + grid_yaw_rad,
                        sigma_along_m: if p.yaw_deg.is_some() {
                            p.sigma_m
                        } else {
                            across.hypot(p.sigma_m)
                        },
                        sigma_across_m: if p.yaw_deg.is_some() {
                            across
                        } else {
                            across.hypot(p.sigma_m)
                        },
                    };
                    (p.id.clone(), portal)
                })
                .collect(),
            zones: (site.zones.iter())
                .map(|z| {
                    let corner = |c: &[f64; 2]| site.in_frame([c[0], c[1], 0.0]).xy();
                    (z.kind, z.polygon_m.iter().map(corner).collect())
                })
                .collect(),
            floors,
            motion: vehicle.motion.clone(),
            start: vehicle.start,
            estimator: vehicle.estimator.clone(),
            protection: vehicle.protection,
            groups: Groups::new(site, vehicle),
            smooth: vehicle.smooth,
            declared_delay_s: (vehicle.sources.values())
                .map(Source::longest_delay_s)
                .fold(0.0, f64::max),
            marks_every_s: None,
            by_name: (sources.iter().enumerate())
                .map(|(i, s)| (s.name.clone(), indexed(i)))
                .collect(),
            sources,
        })
    }

    /// The numbers of the targets that a reading is about; `None` where it has none, or site.toml does
    /// not name it.
    #[must_use]
    pub fn targets(&self, reading: &Reading) -> [Option<u16>; 2] {
        let anchor = |id: &str| self.anchors.get(id).map(|a| a.index);
        let landmark = |id: &str| self.landmarks.get(id).map(|l| l.index);
        match reading {
            Reading::Range(r) => [anchor(&r.anchor), None],
            Reading::RangeDifference(r) => [anchor(&r.anchor_a), anchor(&r.anchor_b)],
            Reading::Bearing(r) => [anchor(&r.anchor).or_else(|| landmark(&r.anchor)), None],
            Reading::Rssi(r) => [self.beacons.get(r.beacon.as_str()).map(|b| b.index), None],
            Reading::Landmark(r) => [landmark(&r.landmark), None],
            Reading::Pixel(r) => [landmark(&r.landmark), None],
            Reading::Marker(r) => [self.markers.get(r.marker.as_str()).map(|m| m.index), None],
            Reading::Passage(r) => [self.portals.get(r.portal.as_str()).map(|p| p.index), None],
            _ => [None, None],
        }
    }

    /// Index of a source.
    #[must_use]
    pub fn source_index(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }

    /// Whether the vehicle has wheels on the ground.
    #[must_use]
    pub fn is_wheeled(&self) -> bool {
        self.motion.drive != Drive::Free
    }
}

impl SourceSetup {
    fn new(name: &str, config: &Source) -> Self {
        let mount = config.mount();
        let gate = config.gate();
        let [roll, pitch, yaw] = mount.rpy_deg.map(f64::to_radians);
        let q_bs = math::from_roll_pitch_yaw(roll, pitch, yaw);
        let weight = match gate.weight {
            Weight::None => FilterWeight::Full,
            Weight::Huber => FilterWeight::Huber {
                sigmas: gate.tuning,
            },
            Weight::StudentT => FilterWeight::StudentT { nu: gate.tuning },
        };
        Self {
            name: name.to_owned(),
            config: config.clone(),
            p_bs: Vector3::from(mount.position_m),
            q_bs,
            r_bs: *q_bs.to_rotation_matrix().matrix(),
            judge: Judge::new(gate.probability, weight),
            gate,
        }
    }
}

impl Source {
    /// Where it sits; the origin for sources without a place.
    #[must_use]
    pub fn mount(&self) -> Mount {
        match self {
            Self::Imu(s) => s.mount,
            Self::Magnetometer(s) => s.mount,
            Self::Height(s) => s.mount,
            Self::Wheels(_) | Self::Steering(_) => Mount::default(),
            Self::Gnss(s) => s.mount,
            Self::Uwb(s) => s.mount,
            Self::Rssi(s) => s.mount,
            Self::Landmark(s) => s.mount,
            Self::Camera(s) => s.mount,
            Self::Portal(s) => s.mount,
            Self::Pose(s) => s.mount,
        }
    }

    /// How its measurements are judged.
    #[must_use]
    pub fn gate(&self) -> Gate {
        match self {
            Self::Imu(_) | Self::Steering(_) => Gate::default(),
            Self::Magnetometer(s) => s.gate,
            Self::Height(s) => s.gate,
            Self::Wheels(s) => s.gate,
            Self::Gnss(s) => s.gate,
            Self::Uwb(s) => s.gate,
            Self::Rssi(s) => s.gate,
            Self::Landmark(s) => s.gate,
            Self::Camera(s) => s.gate,
            Self::Portal(s) => s.gate,
            Self::Pose(s) => s.gate,
        }
    }
}

/// How well satellites and site are tied, where both place the vehicle.
fn tie(site: &Site) -> Option<(f64, f64)> {
    let places = [
        site.anchors.is_empty(),
        site.beacons.is_empty(),
        site.landmarks.is_empty(),
        site.markers.is_empty(),
        site.portals.is_empty(),
    ];
    let datum = site.datum?;
    (places.contains(&false) && datum.sigma_m > 0.0)
        .then(|| (datum.sigma_m, datum.yaw_sigma_deg.to_radians()))
}
