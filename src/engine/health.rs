//! What people and vehicles should know of the estimate besides its covariance: conditions that are
//! in force, and when each began and ended.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;

/// A reason to trust the estimate less than its covariance says, or one of its sources not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Condition {
    /// The protection level is above the alert limit of vehicle.toml.
    AlertLimit,
    /// Absolute measurements are refused one after the other, and none is accepted.
    Refusing,
    /// Without one group of measurements the estimate would be elsewhere, by more than both allow.
    Contradiction,
    /// The inertial unit repeats its output, or is at the end of its range.
    InertialFault,
    /// The wheels contradict the inertial unit: they slip, skid, or have changed their size.
    WheelFault,
    /// A source that was heard regularly is silent.
    Silent,
    /// The stamps of a source jump, run away, or come far too late.
    ClockFault,
    /// A marker, anchor or other target is not where site.toml says; it is no longer believed.
    Missurveyed,
    /// Satellites and site frame do not fit together as the datum says.
    Misaligned,
}

impl Condition {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 9] = [
        Self::AlertLimit,
        Self::Refusing,
        Self::Contradiction,
        Self::InertialFault,
        Self::WheelFault,
        Self::Silent,
        Self::ClockFault,
        Self::Missurveyed,
        Self::Misaligned,
    ];

    /// As files spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AlertLimit => "alert_limit",
            Self::Refusing => "refusing",
            Self::Contradiction => "contradiction",
            Self::InertialFault => "inertial_fault",
            Self::WheelFault => "wheel_fault",
            Self::Silent => "silent",
            Self::ClockFault => "clock_fault",
            Self::Missurveyed => "missurveyed",
            Self::Misaligned => "misaligned",
        }
    }
}

/// The conditions in force, as a set.
///
/// ```
/// use wayfix::engine::{Condition, Health};
/// let health: Health = [Condition::Silent, Condition::Refusing].into_iter().collect();
/// assert!(health.has(Condition::Silent) && !health.is_good());
/// assert_eq!(health.to_string(), "refusing|silent");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Health(u16);

impl Health {
    /// Nothing to report.
    #[must_use]
    pub fn is_good(self) -> bool {
        self.0 == 0
    }

    /// Whether a condition is in force.
    #[must_use]
    pub fn has(self, condition: Condition) -> bool {
        self.0 >> condition as u8 & 1 == 1
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// The conditions in force.
    pub fn conditions(self) -> impl Iterator<Item = Condition> {
        Condition::ALL.into_iter().filter(move |c| self.has(*c))
    }
}

impl FromIterator<Condition> for Health {
    fn from_iter<I: IntoIterator<Item = Condition>>(conditions: I) -> Self {
        Self(conditions.into_iter().fold(0, |set, c| set | 1 << c as u8))
    }
}

impl std::fmt::Display for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, condition) in self.conditions().enumerate() {
            let bar = if i > 0 { "|" } else { "" };
            write!(f, "{bar}{}", condition.name())?;
        }
        Ok(())
    }
}

/// A condition began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// When.
    pub t: Timestamp,
    /// What.
    pub condition: Condition,
    /// The source that it is about.
    pub source: Option<Name>,
    /// The anchor, beacon, marker or portal that it is about.
    pub target: Option<Name>,
    /// It began; else it ended.
    pub began: bool,
}

/// What a condition is about: a source by its index, a target by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    pub source: Option<u16>,
    pub target: Option<Name>,
}

impl Subject {
    pub fn source(index: u16) -> Self {
        Self {
            source: Some(index),
            target: None,
        }
    }

    pub fn target(name: Name) -> Self {
        Self {
            source: None,
            target: Some(name),
        }
    }
}

/// A condition of a subject that began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub t: Timestamp,
    pub condition: Condition,
    pub subject: Subject,
    pub began: bool,
}

/// What one sample changed, one after the other; nothing, as a rule, which takes no memory.
pub type Changes = Vec<Change>;

/// What is in force, and what has changed since it was last asked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Watch {
    in_force: Vec<(Condition, Subject)>,
    changes: Vec<Change>,
}

impl Clone for Watch {
    fn clone(&self) -> Self {
        Self {
            in_force: self.in_force.clone(),
            changes: self.changes.clone(),
        }
    }

    fn clone_from(&mut self, from: &Self) {
        self.in_force.clone_from(&from.in_force);
        self.changes.clone_from(&from.changes);
    }
}

impl Watch {
    /// Says whether a condition holds now; only a change is told.
    pub fn set(&mut self, t: Timestamp, condition: Condition, subject: Subject, holds: bool) {
        let place = self
            .in_force
            .iter()
            .position(|e| *e == (condition, subject));
        match place {
            None if holds => self.in_force.push((condition, subject)),
            Some(i) if !holds => {
                self.in_force.remove(i);
            }
            _ => return,
        }
        self.changes.push(Change {
            t,
            condition,
            subject,
            began: holds,
        });
    }

    /// Whether a condition of a subject is in force.
    pub fn holds(&self, condition: Condition, subject: Subject) -> bool {
        self.in_force.contains(&(condition, subject))
    }

    /// The set of conditions in force.
    pub fn health(&self) -> Health {
        self.in_force.iter().map(|(c, _)| *c).collect()
    }

    /// The changes that were not told yet.
    pub fn take_changes(&mut self) -> Changes {
        core::mem::take(&mut self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_told() {
        let mut watch = Watch::default();
        let subject = Subject::source(3);
        for (t, holds) in [(1, true), (2, true), (3, false), (4, false)] {
            watch.set(Timestamp(t), Condition::Silent, subject, holds);
        }
        let told: Vec<(i64, bool)> = watch
            .take_changes()
            .iter()
            .map(|c| (c.t.0, c.began))
            .collect();
        assert_eq!(told, [(1, true), (3, false)]);
        assert!(watch.health().is_good());
    }

    #[test]
    fn bits_follow_the_table() {
        for (i, condition) in Condition::ALL.into_iter().enumerate() {
            assert_eq!(condition as usize, i);
            let quoted = serde_json::to_string(&condition).unwrap();
            assert_eq!(quoted.trim_matches('"'), condition.name());
        }
    }
}
