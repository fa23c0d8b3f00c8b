//! The table of cases, one file a group.
//!
//! Where the limits come from: a fault may cost twice the error of the twin, a wrong position may
//! stand for five seconds before the mode or the health says so, and both come from the issue. The
//! protection level holds with a probability of 1e-3; with a fault, which it takes to be there with
//! 1e-2, a tenth is left for it. Times to recover are those that the gates and the search for a place
//! take by their own constants, and a second or two.

mod lost;
mod motion;
mod nominal;
mod peers;
mod satellites;
mod surveyed;
mod timing;

use super::case::Case;
use super::criterion::Criterion;

/// What a fault may cost.
const TWICE: Criterion = Criterion::ErrorRatio(2.0);
/// The protection level's promise without a fault.
const BOUNDED: Criterion = Criterion::Exceeded(1e-3);
/// The same under a fault: 1e-3 over the fault's own probability of 1e-2.
const BOUNDED_IN_FAULT: Criterion = Criterion::Exceeded(0.1);
/// A correction that the covariance did not allow for.
const NO_JUMP: Criterion = Criterion::JumpSigmas(4.0);

const GROUPS: [&[Case]; 7] = [
    nominal::CASES,
    motion::CASES,
    satellites::CASES,
    surveyed::CASES,
    timing::CASES,
    lost::CASES,
    peers::CASES,
];

/// All cases.
pub fn all() -> impl Iterator<Item = &'static Case> {
    GROUPS.into_iter().flatten()
}

/// The case of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Case> {
    all().find(|case| case.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sim::scenario;

    #[test]
    fn names_are_unique_and_scenarios_known() {
        let names: BTreeSet<&str> = all().map(|case| case.name).collect();
        assert_eq!(names.len(), all().count());
        for case in all() {
            assert!(scenario::find(case.scenario).is_some(), "{}", case.name);
            assert_eq!(
                case.faults.is_empty(),
                case.fault.is_none(),
                "{}",
                case.name
            );
        }
    }
}
