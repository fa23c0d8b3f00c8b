//! Wheels that turn further, or less far, than they go: slip, skid, a flat tyre.

use wayfix_sensors::sample::PerWheel;
use wayfix_sensors::{Reading, Sample};

use super::Span;
use crate::config::Source;
use crate::sim::Simulation;

/// A wheel, or all of them, whose turns are this many times what they should be: 0 locked, 1.5
/// spinning, 1.04 for a tyre that has lost air.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wheel {
    /// The encoder's source.
    pub source: &'static str,
    /// The wheel's place in the reading; absent: all of them.
    pub wheel: Option<usize>,
    /// When.
    pub span: Span,
    /// The factor.
    pub factor: f64,
}

impl Wheel {
    pub(super) fn apply(&self, run: &mut Simulation) {
        let Some(Source::Wheels(config)) = run.vehicle.sources.get(self.source) else {
            return;
        };
        let mut counters = Counters::new(config.tick_bits);
        // Counters run on from stamp to stamp, in whatever order they arrive.
        let mut samples: Vec<&mut Sample> = run
            .within(self.source, Span::ALL)
            .map(|r| &mut r.sample)
            .collect();
        samples.sort_by_key(|sample| sample.t);
        for sample in samples {
            let factor = |wheel: usize| {
                let is_its = self.wheel.is_none_or(|w| w == wheel);
                let holds = is_its && self.span.contains(sample.t.seconds());
                if holds { self.factor } else { 1.0 }
            };
            match &mut sample.reading {
                Reading::WheelTicks(wheels) => wheels.ticks = counters.next(&wheels.ticks, factor),
                Reading::WheelSpeeds(wheels) => {
                    wheels.speeds_mps = each(&wheels.speeds_mps, |i, speed| speed * factor(i));
                }
                Reading::Twist(twist) => twist.forward_mps *= factor(0),
                Reading::OdometryStep(step) => step.distance_m *= factor(0),
                _ => {}
            }
        }
    }
}

fn each<T: Copy + Default>(of: &PerWheel<T>, mut f: impl FnMut(usize, T) -> T) -> PerWheel<T> {
    let values: Vec<T> = of
        .as_slice()
        .iter()
        .enumerate()
        .map(|(i, value)| f(i, *value))
        .collect();
    PerWheel::new(&values).unwrap_or(*of)
}

/// Counters with a factor on each of their steps.
struct Counters {
    width: i64,
    last: Vec<i64>,
    /// What was added so far, by wheel.
    added: Vec<f64>,
}

impl Counters {
    fn new(bits: u32) -> Self {
        Self {
            width: 1 << bits.min(62),
            last: Vec::new(),
            added: Vec::new(),
        }
    }

    fn next(&mut self, ticks: &PerWheel<i64>, factor: impl Fn(usize) -> f64) -> PerWheel<i64> {
        let now = ticks.as_slice().to_vec();
        if self.last.len() != now.len() {
            self.last.clone_from(&now);
            self.added = vec![0.0; now.len()];
        }
        let faulty = each(ticks, |i, tick| {
            let step = (tick - self.last[i]).rem_euclid(self.width);
            let step = if step > self.width / 2 {
                step - self.width
            } else {
                step
            };
            self.added[i] += (factor(i) - 1.0) * step as f64;
            (tick + self.added[i].round() as i64).rem_euclid(self.width)
        });
        self.last = now;
        faulty
    }
}
