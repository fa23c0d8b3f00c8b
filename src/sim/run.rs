//! A scenario played through once.

use thiserror::Error;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Sample};

use super::channel::{Arrivals, Received};
use super::noise::{normal, stream};
use super::scenario::Scenario;
use super::sensor::{Parameters, World, model, stamp_delay_s};
use super::truth::Trajectory;
use crate::config::{ConfigError, Site, Vehicle, vehicle_from_str};
use crate::log::Truth;

/// Truth records a second.
const TRUTH_HZ: f64 = 50.0;

/// A scenario that does not fit its own vehicle.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// Its vehicle file has errors.
    #[error(transparent)]
    Vehicle(#[from] ConfigError),
    /// It equips a source that the vehicle file lacks, or that cannot be simulated as asked.
    #[error("source {0:?} is not in the vehicle file, or has no sensor model")]
    Source(String),
}

/// What a run leaves behind.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The samples in the order of their arrival; `sample.t` is their stamp, the time of
    /// measurement as the source gives it.
    pub received: Vec<Received>,
    /// Where the asset really was.
    pub truth: Vec<Truth>,
    /// Where it really is at any other time.
    pub trajectory: Trajectory,
    /// What the estimator is told of the site.
    pub site: Site,
    /// What it is told of the vehicle.
    pub vehicle: Vehicle,
    /// The vehicle as its file says it, with comments.
    pub vehicle_toml: &'static str,
    /// What it is not told: the constants that were drawn, by path with unit.
    pub parameters: Parameters,
}

impl Simulation {
    /// The samples alone, in the order of their arrival.
    pub fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        self.received.iter().map(|received| received.sample)
    }
}

/// Plays `scenario` with the randomness of `seed`, to the end of its route or for `duration_s`
/// [s]; beyond the end of the route the asset stands still.
///
/// # Errors
/// The scenario's vehicle file is wrong or lacks a source; none of those in the table.
pub fn simulate(
    scenario: &Scenario,
    seed: u64,
    duration_s: Option<f64>,
) -> Result<Simulation, SimulationError> {
    let file = format!("{} (vehicle)", scenario.name);
    let vehicle = vehicle_from_str(&file, scenario.vehicle_toml)?.value;
    let scene = (scenario.scene)();
    let trajectory = scenario.trajectory();
    let end_s = duration_s.unwrap_or_else(|| trajectory.duration_s());
    let world = World {
        trajectory: &trajectory,
        scene: &scene,
        motion: &vehicle.motion,
        estimator: &vehicle.estimator,
    };
    let mut arrivals = Arrivals::default();
    let mut parameters = Parameters::new();
    for equipment in scenario.equipment {
        let unknown = || SimulationError::Source(equipment.source.to_owned());
        let source = vehicle.sources.get(equipment.source).ok_or_else(unknown)?;
        let name = Name::from(equipment.source).map_err(|_| unknown())?;
        let mut rng = stream(seed, equipment.source);
        let channel = equipment.channel;
        let mut sensor = model(source, &equipment.device, channel.rate_hz, &scene, &mut rng)
            .ok_or_else(unknown)?;
        let (known_s, sigma_s) = stamp_delay_s(source);
        let delay_s = known_s + normal(&mut rng, sigma_s);
        let constants = sensor.parameters().into_iter();
        let constants = constants.chain([("delay_s".to_owned(), delay_s)]);
        parameters.extend(constants.map(|(key, x)| (format!("{name}.{key}"), x)));
        // The channel has its own stream: losing a sample does not change the next one's noise.
        let mut losses = stream(seed, &format!("{name} channel"));
        let mut readings = Vec::new();
        for t in channel.times(end_s, &mut losses) {
            sensor.measure(&world, t, &mut rng, &mut readings);
            for (t, reading) in readings.drain(..) {
                let t = Timestamp::from_seconds(t + delay_s);
                let sample = Sample {
                    t,
                    source: name,
                    reading,
                };
                channel.carry(sample, delay_s, &mut losses, &mut arrivals);
            }
        }
    }
    let count = (end_s * TRUTH_HZ) as u32;
    let truth = (0..=count).map(|i| {
        let t = f64::from(i) / TRUTH_HZ;
        trajectory.at(t).truth(Timestamp::from_seconds(t))
    });
    Ok(Simulation {
        received: arrivals.ordered(),
        truth: truth.collect(),
        site: scene.site.clone(),
        vehicle_toml: scenario.vehicle_toml,
        vehicle,
        parameters,
        trajectory,
    })
}
