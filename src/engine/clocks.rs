//! Clocks against one another: a source whose stamps run ahead or fall behind is found by the order in
//! which samples arrive.
//!
//! When a sample of j arrives, the newest stamp of i leads it by g_ij = newest_i − t_j. What g_ij usually
//! is (latencies, rates) is learned from the first samples. Later, g_ij far above that means that i runs
//! ahead or that j is late: i, where it leads *every* other source so; j, where *every* other source
//! leads it. Two sources alone can't tell which of them it is, and nothing is refused. A source that is
//! merely late is told and used: its stamps may be right and its way long.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

/// What is usual is learned from so many arrivals, over so long \[s\].
const LEARNING: u32 = 50;
const LEARNING_S: f64 = 5.0;
/// Beyond what is usual by this \[s\] and by half of its own spread.
const MARGIN_S: f64 = 0.1;
/// So many arrivals in a row that say the same.
const RUN: u8 = 3;
/// A source that was not heard for so long is no reference \[s\].
const SILENT_S: f64 = 2.0;

/// How the newest stamp of one source leads the arrivals of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Lead {
    seen: u32,
    least_s: f64,
    most_s: f64,
    /// Arrivals in a row that were led by too much.
    high: u8,
}

impl Lead {
    fn learn(&mut self, lead_s: f64) {
        (self.least_s, self.most_s) = if self.seen == 0 {
            (lead_s, lead_s)
        } else {
            (self.least_s.min(lead_s), self.most_s.max(lead_s))
        };
        self.seen += 1;
    }

    fn limit_s(&self) -> f64 {
        self.most_s + MARGIN_S + 0.5 * (self.most_s - self.least_s)
    }
}

/// One source's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Clock {
    source: u16,
    first: Timestamp,
    newest: Timestamp,
    /// How it leads the arrivals of the others, by their place in the list.
    leads: Vec<Lead>,
    ahead: bool,
    late: bool,
}

/// All clocks that were heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clocks {
    all: Vec<Clock>,
}

impl Clocks {
    /// A sample arrives. False where its source runs ahead of all others, so that its time can't be
    /// believed.
    pub fn admits(&mut self, t: Timestamp, source: u16) -> bool {
        let Some(j) = self.all.iter().position(|c| c.source == source) else {
            self.all.push(Clock {
                source,
                first: t,
                newest: t,
                leads: Vec::new(),
                ahead: false,
                late: false,
            });
            return true;
        };
        if self.all[j].ahead && self.leads_all(j, t) {
            return false;
        }
        let n = self.all.len();
        let now = (self.all.iter().filter(|c| !c.ahead))
            .map(|c| c.newest)
            .max();
        let mut late = 0;
        let mut compared = 0;
        for i in (0..n).filter(|i| *i != j) {
            let clock = &mut self.all[i];
            if now.is_some_and(|now| now.seconds_since(clock.newest) > SILENT_S) {
                continue;
            }
            let lead_s = clock.newest.seconds_since(t);
            let heard_s = clock.newest.seconds_since(clock.first);
            if clock.leads.len() < n {
                clock.leads.resize(n, Lead::default());
            }
            let lead = &mut clock.leads[j];
            if lead.seen < LEARNING || heard_s < LEARNING_S {
                lead.learn(lead_s);
                continue;
            }
            lead.high = if lead_s > lead.limit_s() {
                lead.high.saturating_add(1)
            } else {
                0
            };
            compared += 1;
            late += usize::from(lead.high >= RUN);
        }
        self.all[j].late = compared >= 2 && late == compared;
        for i in (0..n).filter(|i| *i != j) {
            self.all[i].ahead |= self.is_ahead(i);
        }
        let clock = &mut self.all[j];
        clock.ahead = false;
        clock.newest = clock.newest.max(t);
        true
    }

    /// Whether a source leads every other one by too much, two at least.
    fn is_ahead(&self, i: usize) -> bool {
        let known = (self.all[i].leads.iter().enumerate())
            .filter(|(j, lead)| *j != i && lead.seen >= LEARNING)
            .filter(|(j, _)| self.all.get(*j).is_some_and(|c| !c.late));
        let mut count = 0;
        for (_, lead) in known {
            if lead.high < RUN {
                return false;
            }
            count += 1;
        }
        count >= 2
    }

    /// Whether a stamp would still lead every other source by too much.
    fn leads_all(&self, i: usize, t: Timestamp) -> bool {
        let leads = self.all[i].leads.iter().enumerate();
        let known = leads.filter(|(j, lead)| *j != i && lead.seen >= LEARNING);
        known
            .filter_map(|(j, lead)| Some((self.all.get(j)?, lead)))
            .all(|(clock, lead)| t.seconds_since(clock.newest) > lead.limit_s())
    }

    /// The sources whose clocks are wrong, or that are late.
    pub fn faults(&self) -> impl Iterator<Item = (u16, bool)> {
        self.all.iter().map(|c| (c.source, c.ahead || c.late))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three sources at 50, 20 and 10 Hz with small latencies, the last with an offset by time.
    fn run(offset_s: impl Fn(f64) -> f64) -> Vec<(f64, bool, Vec<u16>)> {
        let mut clocks = Clocks::default();
        let mut arrivals: Vec<(f64, f64, u16)> = Vec::new();
        for (source, hz, latency_s) in [(0_u16, 50.0, 0.005), (1, 20.0, 0.03), (2, 10.0, 0.1)] {
            for k in 0..(30.0 * hz) as u32 {
                let t_s = f64::from(k) / hz;
                let off_s = if source == 2 { offset_s(t_s) } else { 0.0 };
                arrivals.push((t_s + latency_s, t_s + off_s, source));
            }
        }
        arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
        arrivals
            .into_iter()
            .map(|(now_s, t_s, source)| {
                let admitted = clocks.admits(Timestamp::from_seconds(t_s), source);
                let faults = clocks.faults().filter(|f| f.1).map(|f| f.0).collect();
                (now_s, admitted || source != 2, faults)
            })
            .collect()
    }

    #[test]
    fn sound_clocks_are_left_alone() {
        assert!(
            run(|_| 0.0)
                .iter()
                .all(|(_, admitted, faults)| *admitted && faults.is_empty())
        );
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_refused_until_it_is_back() {
        let jump = |t: f64| if (15.0..20.0).contains(&t) { 1.0 } else { 0.0 };
        let all = run(jump);
        let between = |a: f64, b: f64| all.iter().filter(move |r| (a..b).contains(&r.0));
        assert!(
            between(0.0, 15.0)
                .chain(between(20.5, 30.0))
                .all(|r| r.1 && r.2.is_empty())
        );
        assert!(between(15.4, 20.0).all(|r| r.2 == [2]));
        let refused = between(15.4, 20.0).filter(|r| !r.1).count();
        assert!(refused > 40, "{refused} of 46");
    }

    #[test]
    fn a_clock_that_runs_away_is_told_before_half_a_second() {
        let all = run(|t| 0.05 * (t - 10.0).max(0.0));
        let told = all.iter().find(|r| !r.2.is_empty()).map(|r| r.0);
        assert!(told.is_some_and(|t| t < 20.0), "{told:?}");
        assert!(all.iter().all(|r| r.2.is_empty() || r.2 == [2]));
    }

    #[test]
    fn a_late_source_is_told_and_used() {
        let all = run(|t| if t > 15.0 { -0.5 } else { 0.0 });
        assert!(all.iter().all(|r| r.1));
        assert!(all.last().is_some_and(|r| r.2 == [2]), "{:?}", all.last());
    }
}
