//! How each source stands: whether it is refused again and again, silent, or biased.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;

use super::core::Core;
use super::health::{Condition, Subject};
use super::setup::Setup;
use crate::config::Source;

/// A source, or one of its targets, is refusing after so many refusals in a row ...
const REFUSED: u32 = 5;
/// ... over so long, a source and a single target \[s\].
const REFUSED_S: f64 = 2.0;
const TARGET_REFUSED_S: f64 = 10.0;
/// A source that always speaks is silent after so many of its periods ...
const PERIODS: f64 = 20.0;
/// ... and so long at least \[s\].
const SILENT_S: f64 = 1.0;
/// Share of a new period in what is usual.
const FORGETTING: f64 = 0.1;
/// The wheels' innovations average to zero over this time \[s\] ...
const WHEELS_S: f64 = 2.0;
/// ... within so many sigmas; they are in order again below half of that.
const BIASED: f64 = 1.0;

/// A source or target that was refused since it was last accepted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Refused {
    source: u16,
    target: Option<Name>,
    since: Timestamp,
    count: u32,
}

/// When a source that always speaks was last heard.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Heard {
    source: u16,
    last: Timestamp,
    period_s: Option<f64>,
}

/// How all sources stand.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sources {
    refused: Vec<Refused>,
    heard: Vec<Heard>,
    /// Time and running mean of the wheels' normalised innovation.
    wheels: Option<(Timestamp, f64)>,
}

impl Sources {
    /// Notes that a measurement was accepted or refused; true where the source (or target) has been
    /// refused for too long now.
    fn refuse(&mut self, subject: (u16, Option<Name>), t: Timestamp, refused: bool) -> bool {
        let place = self
            .refused
            .iter()
            .position(|r| (r.source, r.target) == subject);
        if !refused {
            if let Some(place) = place {
                self.refused.remove(place);
            }
            return false;
        }
        let place = place.unwrap_or_else(|| {
            self.refused.push(Refused {
                source: subject.0,
                target: subject.1,
                since: t,
                count: 0,
            });
            self.refused.len() - 1
        });
        let entry = &mut self.refused[place];
        entry.count += 1;
        let least_s = if subject.1.is_some() {
            TARGET_REFUSED_S
        } else {
            REFUSED_S
        };
        entry.count >= REFUSED && t.seconds_since(entry.since) >= least_s
    }

    /// Notes a sample of a source that always speaks.
    fn hear(&mut self, source: u16, t: Timestamp) {
        match self.heard.iter_mut().find(|h| h.source == source) {
            Some(h) => {
                let period_s = t.seconds_since(h.last).max(0.0);
                let usual_s = h.period_s.unwrap_or(period_s);
                h.period_s = Some(usual_s + FORGETTING * (period_s - usual_s));
                h.last = h.last.max(t);
            }
            None => self.heard.push(Heard {
                source,
                last: t,
                period_s: None,
            }),
        }
    }

    /// The sources that always speak, and whether they are silent at `t`.
    fn silent(&self, t: Timestamp) -> impl Iterator<Item = (u16, bool)> {
        self.heard.iter().map(move |h| {
            let limit_s = (PERIODS * h.period_s.unwrap_or(SILENT_S)).max(SILENT_S);
            (h.source, t.seconds_since(h.last) > limit_s)
        })
    }

    /// Mean of the wheels' normalised innovations, the new one included.
    fn wheel_mean(&mut self, t: Timestamp, normalised: f64) -> f64 {
        let (last, mean) = self.wheels.unwrap_or((t, 0.0));
        let keep = (-t.seconds_since(last).max(0.0) / WHEELS_S).exp();
        let mean = keep * mean + (1.0 - keep) * normalised.clamp(-5.0, 5.0);
        self.wheels = Some((t, mean));
        mean
    }
}

impl Core {
    /// Notes that a source spoke; tells which ones that always do are silent.
    pub(super) fn note_heard(&mut self, setup: &Setup, source: u16, t: Timestamp) {
        let always = (setup.sources.get(usize::from(source))).is_some_and(|s| {
            matches!(
                s.config,
                Source::Imu(_)
                    | Source::Wheels(_)
                    | Source::Steering(_)
                    | Source::Magnetometer(_)
                    | Source::Height(_)
            )
        });
        if always {
            self.sources.hear(source, t);
        }
        for (source, holds) in self.sources.silent(t) {
            let subject = Subject::source(source);
            self.watch.set(t, Condition::Silent, subject, holds);
        }
    }

    /// Notes the verdict on an absolute measurement; true where its source is refused for too long.
    pub(super) fn note_verdict(
        &mut self,
        source: u16,
        target: Option<Name>,
        t: Timestamp,
        refused: bool,
    ) -> bool {
        let by_source = self.sources.refuse((source, None), t, refused);
        let subject = Subject::source(source);
        self.watch.set(t, Condition::Refusing, subject, by_source);
        if target.is_some() {
            let by_target = self.sources.refuse((source, target), t, refused);
            let subject = Subject {
                source: Some(source),
                target,
            };
            self.watch.set(t, Condition::Refusing, subject, by_target);
        }
        by_source
    }

    /// Notes the wheels' innovation beside an inertial unit: noise averages out, slip and a changed
    /// wheel don't.
    pub(super) fn note_wheels(
        &mut self,
        source: u16,
        t: Timestamp,
        update: &wayfix_filter::Report,
    ) -> bool {
        let sigma = update.sigma[0];
        if !(sigma > 0.0 && update.residual[0].is_finite()) {
            return false;
        }
        let mean = self.sources.wheel_mean(t, update.residual[0] / sigma).abs();
        let subject = Subject::source(source);
        let was = self.watch.holds(Condition::WheelFault, subject);
        let limit = if was { 0.5 * BIASED } else { BIASED };
        let holds = mean > limit;
        self.watch.set(t, Condition::WheelFault, subject, holds);
        holds && !was
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_refusing_after_a_while_and_no_longer_once_accepted() {
        let mut sources = Sources::default();
        let at = |i: u32| Timestamp::from_seconds(0.5 * f64::from(i));
        let told = (0..8).position(|i| sources.refuse((1, None), at(i), true));
        assert_eq!(told, Some(4));
        assert!(!sources.refuse((1, None), at(9), false));
        assert!(!sources.refuse((1, None), at(10), true));
    }

    #[test]
    fn silence_is_many_periods() {
        let mut sources = Sources::default();
        let at = Timestamp::from_seconds;
        (0..50).for_each(|i| sources.hear(2, at(0.02 * f64::from(i))));
        let silent = |t_s| sources.silent(at(t_s)).any(|(_, silent)| silent);
        assert!(!silent(1.9) && silent(2.1));
    }

    #[test]
    fn noise_averages_out_and_a_bias_does_not() {
        let mut sources = Sources::default();
        let mut means = |bias: f64| -> f64 {
            let all = (0..400).map(|i| {
                let noise = if i % 2 == 0 { 1.0 } else { -1.0 };
                sources.wheel_mean(Timestamp::from_seconds(0.02 * f64::from(i)), bias + noise)
            });
            all.last().unwrap_or(0.0)
        };
        assert!(means(0.0).abs() < 0.1);
        assert!(means(1.5) > BIASED);
    }
}
