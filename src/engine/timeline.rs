//! Guard of the engine's time: one sample far from all others must not carry everybody along, nor may a
//! source whose clock runs ahead.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use super::clocks::Clocks;
use super::period::Period;

/// A sample further ahead than this waits for company \[s\].
const JUMP_S: f64 = 10.0;
/// So does one that is so many of its source's periods ahead, and this share of the horizon, which would
/// make those of other sources too late.
const PERIODS: f64 = 4.0;
const HORIZON_SHARE: f64 = 0.75;
/// So many samples in a row at the new time, from several sources, are a gap in the log.
const COMPANY: u32 = 3;
/// The same from a single source, and so much of its own time \[s\].
const INSISTENCE: u32 = 10;
const INSISTENCE_S: f64 = 2.0;
/// So many refused samples in a row, none admitted between, mean that the clock was set back.
const SET_BACK: u32 = 100;

/// A jump ahead by more than this is a clock that was set, or a night in which anything may have
/// happened: what was known before says nothing any more \[s\].
const SET_AHEAD_S: f64 = 86_400.0;

/// Newest time, and who says otherwise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timeline {
    now: Option<Timestamp>,
    clocks: Clocks,
    periods: Vec<Period>,
    suspect: Option<Suspect>,
    /// So many samples in a row of a source were not admitted.
    refused: Vec<(u16, u32)>,
    late_run: u32,
    admitted: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Suspect {
    t: Timestamp,
    first_source: u16,
    several: bool,
    count: u32,
}

impl Timeline {
    /// Whether a sample's time is believed.
    pub fn admits(&mut self, t: Timestamp, source: u16, horizon_s: f64) -> bool {
        let admitted = self.believes(t, source, horizon_s);
        let run = match self.refused.iter().position(|(s, _)| *s == source) {
            Some(place) => &mut self.refused[place].1,
            None => {
                self.refused.push((source, 0));
                let last = self.refused.len() - 1;
                &mut self.refused[last].1
            }
        };
        *run = if admitted { 0 } else { run.saturating_add(1) };
        admitted
    }

    fn believes(&mut self, t: Timestamp, source: u16, horizon_s: f64) -> bool {
        let Some(now) = self.now else { return true };
        let limit_s = self.limit_s(source, horizon_s);
        if t.seconds_since(now) <= limit_s {
            self.suspect = None;
            return self.clocks.admits(t, source);
        }
        let mut suspect = match self.suspect {
            Some(s) if t.seconds_since(s.t).abs() <= JUMP_S => s,
            _ => Suspect {
                t,
                first_source: source,
                several: false,
                count: 0,
            },
        };
        suspect.count += 1;
        suspect.several |= source != suspect.first_source;
        let admitted = if suspect.several {
            suspect.count >= COMPANY
        } else {
            suspect.count >= INSISTENCE && t.seconds_since(suspect.t) >= INSISTENCE_S
        };
        self.suspect = (!admitted).then_some(suspect);
        admitted
    }

    /// How far ahead of all others a sample of a source may be \[s\].
    fn limit_s(&self, source: u16, horizon_s: f64) -> f64 {
        let period = self.periods.iter().find(|p| p.source == source);
        let usual_s = period.and_then(|p| p.usual_s).unwrap_or(JUMP_S);
        (PERIODS * usual_s)
            .max(HORIZON_SHARE * horizon_s)
            .min(JUMP_S)
    }

    /// The newest time that was believed.
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// The sources, and whether their clocks are wrong or late.
    pub fn clock_faults(&self) -> impl Iterator<Item = (u16, bool)> {
        self.refused.iter().map(|(source, run)| {
            let told = self.clocks.faults().any(|(s, fault)| s == *source && fault);
            (*source, told || *run >= COMPANY)
        })
    }

    /// Whether an admitted sample is so far ahead that the clock must have been set.
    pub fn is_set_ahead(&self, t: Timestamp) -> bool {
        self.now
            .is_some_and(|now| t.seconds_since(now) > SET_AHEAD_S)
    }

    /// Notes an admitted sample.
    pub fn advance(&mut self, t: Timestamp, source: u16) {
        match self.periods.iter_mut().find(|p| p.source == source) {
            Some(period) => period.note(t),
            None => self.periods.push(Period::first(source, t)),
        }
        self.now = self.now.max(Some(t));
        self.late_run = 0;
        self.admitted = self.admitted.saturating_add(1);
    }

    /// Notes a sample that was too late; true where the clock must have been set back.
    pub fn is_set_back(&mut self) -> bool {
        self.late_run += 1;
        // Few against few: the first stamps were wrong, not those that follow.
        self.late_run
            >= if self.admitted < COMPANY {
                COMPANY
            } else {
                SET_BACK
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn one_wild_stamp_is_refused_and_a_real_gap_is_not() {
        let mut timeline = Timeline::default();
        timeline.advance(at(100.0), 0);
        assert!(!timeline.admits(at(3700.0), 0, 2.0));
        assert!(timeline.admits(at(100.1), 1, 2.0));
        timeline.advance(at(100.1), 1);
        let admitted: Vec<bool> = (0..4)
            .map(|i| timeline.admits(at(3700.0 + 0.1 * f64::from(i)), (i % 2) as u16, 2.0))
            .collect();
        assert_eq!(admitted, [false, false, true, false]);
    }

    #[test]
    fn a_single_source_must_insist() {
        let mut timeline = Timeline::default();
        timeline.advance(at(0.0), 0);
        let first = (0..20).position(|i| timeline.admits(at(50.0 + f64::from(i)), 0, 2.0));
        assert_eq!(first, Some(9));
    }

    #[test]
    fn a_clock_set_back_is_noticed() {
        let mut timeline = Timeline::default();
        let late = |mut timeline: Timeline| (0..200).position(|_| timeline.is_set_back());
        timeline.advance(at(86_400.0), 0);
        assert_eq!(late(timeline.clone()), Some(2), "one stamp against three");
        timeline.advance(at(86_400.1), 0);
        timeline.advance(at(86_400.2), 0);
        assert_eq!(late(timeline.clone()), Some(99));
    }
}
