//! How each source stands: whether it is refused again and again, silent, or biased.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;

use super::core::Core;
use super::health::{Condition, Subject};
use super::period::Period;
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
/// Radios, receivers and cameras depend on where the vehicle is: their silence is news for this long
/// only, and after a longer one \[s\].
const NEWS_S: f64 = 30.0;
const RADIO_SILENT_S: f64 = 3.0;
/// A target that is refused over such a way, and never accepted, is not where it should be \[m\].
const REFUSED_M: f64 = 5.0;
/// The wheels' innovations average to zero over this time \[s\] ...
const WHEELS_S: f64 = 1.0;
/// ... within so many sigmas; they are in order again below half of that.
const BIASED: f64 = 0.8;

/// A source or target that was refused since it was last accepted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Refused {
    source: u16,
    target: Option<Name>,
    since: Timestamp,
    count: u32,
    /// The way gone until then \[m\].
    at_m: f64,
}

/// When a source was last heard.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Heard {
    period: Period,
    /// It speaks wherever the vehicle is.
    always: bool,
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
    /// Notes that a measurement was accepted or refused; where the source (or target) has been refused
    /// for too long now, the way gone since \[m\]. `gone_m` is all the way.
    fn refuse(
        &mut self,
        subject: (u16, Option<Name>),
        t: Timestamp,
        gone_m: f64,
        refused: bool,
    ) -> Option<f64> {
        let place = self
            .refused
            .iter()
            .position(|r| (r.source, r.target) == subject);
        if !refused {
            if let Some(place) = place {
                self.refused.remove(place);
            }
            return None;
        }
        let place = place.unwrap_or_else(|| {
            self.refused.push(Refused {
                source: subject.0,
                target: subject.1,
                since: t,
                count: 0,
                at_m: gone_m,
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
        let long = entry.count >= REFUSED && t.seconds_since(entry.since) >= least_s;
        long.then_some(gone_m - entry.at_m)
    }

    /// Notes a sample; `always`: its source speaks wherever the vehicle is.
    fn hear(&mut self, source: u16, t: Timestamp, always: bool) {
        match (self.heard.iter_mut()).find(|h| h.period.source == source) {
            Some(heard) => heard.period.note(t),
            None => self.heard.push(Heard {
                period: Period::first(source, t),
                always,
            }),
        }
    }

    /// The sources, and whether they are silent at `t`.
    fn silent(&self, t: Timestamp) -> impl Iterator<Item = (u16, bool)> {
        self.heard.iter().map(move |h| {
            let (least_s, most_s) = if h.always {
                (SILENT_S, f64::INFINITY)
            } else {
                (RADIO_SILENT_S, NEWS_S)
            };
            let silent_s = t.seconds_since(h.period.newest);
            let limit_s = (PERIODS * h.period.usual_s.unwrap_or(SILENT_S)).max(least_s);
            (h.period.source, silent_s > limit_s && silent_s < most_s)
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

impl<const N: usize> Core<N> {
    /// Notes that a source spoke; tells which of those that do so regularly are silent.
    pub(super) fn note_heard(&mut self, setup: &Setup, source: u16, t: Timestamp) {
        let regular = (setup.sources.get(usize::from(source))).and_then(|s| match s.config {
            Source::Imu(_)
            | Source::Wheels(_)
            | Source::Steering(_)
            | Source::Magnetometer(_)
            | Source::Height(_) => Some(true),
            Source::Gnss(_) | Source::Uwb(_) | Source::Pose(_) => Some(false),
            Source::Rssi(_) | Source::Landmark(_) | Source::Camera(_) | Source::Portal(_) => None,
        });
        if let Some(always) = regular {
            self.sources.hear(source, t, always);
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
        let gone_m = self.tracking.gone_m;
        let by_source = self.sources.refuse((source, None), t, gone_m, refused);
        let by_source = by_source.is_some();
        let subject = Subject::source(source);
        self.watch.set(t, Condition::Refusing, subject, by_source);
        if target.is_some() {
            let way_m = self.sources.refuse((source, target), t, gone_m, refused);
            let by_target = way_m.is_some() && !by_source;
            let elsewhere = by_target && way_m.is_some_and(|m| m >= REFUSED_M);
            if let Some(name) = target {
                let subject = Subject::target(name);
                self.watch
                    .set(t, Condition::Missurveyed, subject, elsewhere);
            }
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
        root_count: f64,
    ) -> bool {
        let sigma = update.sigma[0];
        if !(sigma > 0.0 && update.residual[0].is_finite()) {
            return false;
        }
        // As a single reading would have it: the mean of several is sharper by the root of their number.
        let normalised = update.residual[0] / (sigma * root_count);
        let mean = self.sources.wheel_mean(t, normalised).abs();
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
        let mut refuse = |i: u32, refused| {
            let t = Timestamp::from_seconds(0.5 * f64::from(i));
            sources.refuse((1, None), t, f64::from(i), refused)
        };
        let told: Vec<Option<f64>> = (0..6).map(|i| refuse(i, true)).collect();
        assert_eq!(told, [None, None, None, None, Some(4.0), Some(5.0)]);
        assert_eq!((refuse(9, false), refuse(10, true)), (None, None));
    }

    #[test]
    fn silence_is_many_periods_and_that_of_a_radio_is_news_for_a_while() {
        let mut sources = Sources::default();
        let at = Timestamp::from_seconds;
        for i in 0..50 {
            sources.hear(2, at(0.02 * f64::from(i)), true);
            sources.hear(3, at(0.02 * f64::from(i)), false);
        }
        let silent = |t_s| -> Vec<u16> {
            let all = sources.silent(at(t_s));
            all.filter(|(_, silent)| *silent).map(|(s, _)| s).collect()
        };
        assert_eq!(silent(1.9), [0; 0]);
        assert_eq!(silent(2.1), [2]);
        assert_eq!(silent(5.0), [2, 3]);
        assert_eq!(silent(60.0), [2]);
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
