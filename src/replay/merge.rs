//! Truth beside samples, by time, in flat memory.

use std::collections::VecDeque;
use std::iter::Peekable;

use wayfix_filter::Timestamp;

use crate::log::{Record, Truth};

/// Truth goes this far ahead of the samples \[s\].
const AHEAD_S: f64 = 1.0;
/// Most truth that goes ahead of one sample, however far the sample's stamp jumps.
const MOST_ROWS: usize = 1024;
/// Most samples that wait for truth between them.
const MOST_HELD: usize = 8192;

/// Puts every truth row before the samples of its time; samples keep their order. Truth comes from
/// `truth` or, where that is `None`, from the records themselves, in which it may lag by a second.
pub fn merge<R, T>(records: R, truth: Option<T>) -> Merge<R, T>
where
    R: Iterator<Item = Record>,
    T: Iterator<Item = Truth>,
{
    Merge {
        records,
        truth: truth.map(Iterator::peekable),
        held: VecDeque::new(),
        room: MOST_ROWS,
        newest: None,
    }
}

/// See [`merge`].
pub struct Merge<R, T: Iterator<Item = Truth>> {
    records: R,
    truth: Option<Peekable<T>>,
    held: VecDeque<Record>,
    /// Truth rows that may still go before the first of `held`.
    room: usize,
    newest: Option<Timestamp>,
}

impl<R: Iterator<Item = Record>, T: Iterator<Item = Truth>> Iterator for Merge<R, T> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.truth.is_some() {
            self.beside()
        } else {
            self.within()
        }
    }
}

impl<R: Iterator<Item = Record>, T: Iterator<Item = Truth>> Merge<R, T> {
    /// Truth from its own stream; what the records carry is left out.
    fn beside(&mut self) -> Option<Record> {
        let truth = self.truth.as_mut()?;
        if self.held.is_empty() {
            let next = self.records.find(|r| matches!(r, Record::Sample(_)));
            let Some(next) = next else {
                return truth.next().map(Record::Truth);
            };
            self.held.push_back(next);
            self.room = MOST_ROWS;
        }
        let until = self.held.front().map(|r| r.t().shifted(AHEAD_S));
        if self.room > 0 {
            self.room -= 1;
            if let Some(row) = truth.next_if(|row| until.is_some_and(|until| row.t <= until)) {
                return Some(Record::Truth(row));
            }
        }
        self.held.pop_front()
    }

    /// Truth from the records: samples are held until those of a second later were read.
    fn within(&mut self) -> Option<Record> {
        loop {
            let is_over = self.held.front().is_some_and(|oldest| {
                self.held.len() >= MOST_HELD
                    || self.newest.is_some_and(|t| t > oldest.t().shifted(AHEAD_S))
            });
            if is_over {
                return self.held.pop_front();
            }
            match self.records.next() {
                None => return self.held.pop_front(),
                Some(truth @ Record::Truth(_)) => return Some(truth),
                Some(sample) => {
                    self.newest = self.newest.max(Some(sample.t()));
                    self.held.push_back(sample);
                }
            }
        }
    }
}

impl Record {
    /// When it was measured.
    #[must_use]
    pub fn t(&self) -> Timestamp {
        match self {
            Self::Sample(sample) => sample.t,
            Self::Truth(truth) => truth.t,
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfix_sensors::sample::{Height, Name};
    use wayfix_sensors::{Reading, Sample};

    use super::*;
    use crate::log::TruthState;

    fn sample(t_s: f64) -> Record {
        Record::Sample(Sample {
            t: Timestamp::from_seconds(t_s),
            source: Name::from("baro").unwrap(),
            reading: Reading::Height(Height { height_m: t_s }),
        })
    }

    fn truth(t_s: f64) -> Truth {
        Truth {
            t: Timestamp::from_seconds(t_s),
            state: TruthState::default(),
        }
    }

    /// Truth as negative seconds; zero does not occur.
    fn seconds(records: impl Iterator<Item = Record>) -> Vec<i64> {
        let sign = |r: &Record| if matches!(r, Record::Truth(_)) { -1 } else { 1 };
        records
            .map(|r| sign(&r) * (r.t().0 / 1_000_000_000))
            .collect()
    }

    #[test]
    fn truth_of_its_own_goes_ahead_by_a_second_and_comes_completely() {
        let samples = [2.0, 4.0, 3.0].map(sample).into_iter();
        let rows = (1..=7).map(|t| truth(f64::from(t)));
        let merged = seconds(merge(samples, Some(rows)));
        assert_eq!(merged, [-1, -2, -3, 2, -4, -5, 4, 3, -6, -7]);
    }

    #[test]
    fn truth_that_lags_in_the_log_is_brought_forward() {
        let row = |t| Record::Truth(truth(t));
        let records = [sample(1.0), sample(1.5), row(1.0), sample(9.0), row(5.0)];
        let merged = merge(records.into_iter(), None::<std::iter::Empty<Truth>>);
        assert_eq!(seconds(merged), [-1, 1, 1, -5, 9]);
    }

    #[test]
    fn one_wild_stamp_does_not_draw_all_truth_into_memory() {
        let samples = [1.0, 1e6, 2.0].map(sample).into_iter();
        let rows = (1..100_000).map(|t| truth(f64::from(t)));
        let merged = merge(samples, Some(rows));
        let place = merged
            .skip(3)
            .position(|r| r.t().0 == 2_000_000_000 && matches!(r, Record::Sample(_)));
        assert!(place.unwrap() < 3000);
    }
}
