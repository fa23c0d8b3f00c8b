//! The figures that the accuracy bench reached when they were last accepted, as a committed file: one
//! figure a line, `set | case | run | figure | value`. What is worse by more than
//! [`TOLERANCE`] fails the bench.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};

use crate::targets::{self, Goal, Target};

/// Share of a recorded figure by which a new one may be worse, or better, without notice.
pub const TOLERANCE: f64 = 0.03;
/// Significant digits of a recorded figure: rounding has to stay far below the tolerance.
const DIGITS: usize = 4;
/// First lines of the file.
const HEAD: &str = "\
# Recorded figures of the accuracy bench, which fails when one gets worse by more than 3 %. Accept new ones:
#     cargo bench -p wayfix-datasets --bench accuracy -- --accept
";

/// Which figure: case, `true` for the smoothed run, name of the figure.
type Key = (String, bool, String);

/// What became of a figure since it was recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// It was never recorded.
    New,
    /// Within the tolerance.
    Same,
    /// Worse by more than the tolerance.
    Worse,
    /// Better by more than the tolerance.
    Better,
}

/// The recorded figures.
///
/// ```
/// use wayfix_datasets::recorded::{Change, Recorded};
/// use wayfix_datasets::targets;
/// let target = targets::of_case("plaza1").next().expect("in the table");
/// let mut recorded = Recorded::default();
/// assert_eq!(recorded.change(target, 0.300), Change::New);
/// recorded.insert("plaza1", target, 0.300);
/// assert_eq!(recorded.change(target, 0.305), Change::Same);
/// assert_eq!(recorded.change(target, 0.310), Change::Worse);
/// assert_eq!(recorded.change(target, 0.290), Change::Better);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded(BTreeMap<Key, (String, f64)>);

impl Recorded {
    /// Reads the file's text.
    ///
    /// # Errors
    /// A line that is not of this form.
    pub fn parse(text: &str) -> Result<Self> {
        let mut all = BTreeMap::new();
        let lines = text.lines().enumerate();
        for (i, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
            let read = || {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                let [set, case, run, figure, value] = cells[..] else {
                    return None;
                };
                let is_smoothed = match run {
                    "online" => false,
                    "smoothed" => true,
                    _ => return None,
                };
                let key = (case.to_owned(), is_smoothed, figure.to_owned());
                Some((key, (set.to_owned(), value.parse().ok()?)))
            };
            let (key, figure) = read().with_context(|| {
                format!(
                    "line {}: {line:?} is not `set | case | run | figure | value`",
                    i + 1
                )
            })?;
            all.insert(key, figure);
        }
        Ok(Self(all))
    }

    /// The file's text, in the order of the table of targets; figures that it lacks are left out.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for target in targets::TARGETS {
            let Some((set, value)) = self.0.get(&key(target)) else {
                continue;
            };
            let run = if target.is_smoothed {
                "smoothed"
            } else {
                "online"
            };
            let _ = writeln!(
                text,
                "{set:15} | {:40} | {run:8} | {:31} | {value}",
                target.case, target.figure
            );
        }
        text
    }

    /// The recorded figure.
    #[must_use]
    pub fn get(&self, target: &Target) -> Option<f64> {
        self.0.get(&key(target)).map(|(_, value)| *value)
    }

    /// Records a figure, to four digits.
    pub fn insert(&mut self, set: &str, target: &Target, figure: f64) {
        let rounded = format!("{figure:.*e}", DIGITS - 1).parse();
        let value = rounded.unwrap_or(figure);
        self.0.insert(key(target), (set.to_owned(), value));
    }

    /// Compares a figure with the recorded one. A figure that should be near a value is worse when it is
    /// further from that value, by more than the tolerated share of it.
    #[must_use]
    pub fn change(&self, target: &Target, figure: f64) -> Change {
        let Some(recorded) = self.get(target) else {
            return Change::New;
        };
        let by = match target.goal {
            Some(Goal::Near { value, .. }) => {
                ((figure - value).abs() - (recorded - value).abs()) / value
            }
            _ => (figure - recorded) / recorded,
        };
        if by < -TOLERANCE {
            Change::Better
        } else if by <= TOLERANCE {
            Change::Same
        } else {
            // What is no number is worse than any.
            Change::Worse
        }
    }
}

fn key(target: &Target) -> Key {
    (
        target.case.to_owned(),
        target.is_smoothed,
        target.figure.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(case: &str, figure: &str) -> &'static Target {
        let mut targets = targets::of_case(case);
        targets.find(|target| target.figure == figure).unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut recorded = Recorded::default();
        for target in targets::TARGETS {
            recorded.insert("set", target, 0.123_456);
        }
        let text = recorded.text();
        assert_eq!(Recorded::parse(&text).unwrap(), recorded);
        assert_eq!(recorded.get(&targets::TARGETS[0]), Some(0.1235));
    }

    #[test]
    fn a_line_of_another_form_is_named() {
        for line in [
            "plaza1",
            "a | b | backwards | c | 1",
            "a | b | online | c | x",
        ] {
            let error = Recorded::parse(&format!("# head\n{line}\n")).unwrap_err();
            assert!(error.to_string().starts_with("line 2"), "{error}");
        }
    }

    #[test]
    fn a_delay_is_worse_when_it_is_further_from_the_true_one() {
        let delay = target("comma2k19", "position delay s");
        let mut recorded = Recorded::default();
        recorded.insert("comma2k19", delay, 0.080);
        // True are 0.083 s.
        assert_eq!(recorded.change(delay, 0.086), Change::Same);
        assert_eq!(recorded.change(delay, 0.077), Change::Worse);
        recorded.insert("comma2k19", delay, 0.070);
        assert_eq!(recorded.change(delay, 0.083), Change::Better);
    }

    #[test]
    fn what_is_no_number_is_worse() {
        let target = target("plaza1", "2D rmse m");
        let mut recorded = Recorded::default();
        recorded.insert("plaza1", target, 0.3);
        assert_eq!(recorded.change(target, f64::NAN), Change::Worse);
    }
}
