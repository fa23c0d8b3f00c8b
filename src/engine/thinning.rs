//! Targets that are used less often than they are heard.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

/// What is remembered at most; the longest unused is forgotten first.
const MOST: usize = 512;

/// A source and its targets by their numbers.
type Subject = (u16, [Option<u16>; 2]);

/// When which target of which source was last used, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastUses(Vec<(Subject, Timestamp)>);

impl LastUses {
    /// Whether a target of a source was used less than `interval_s` ago; notes its use otherwise.
    pub fn is_too_soon(
        &mut self,
        source: u16,
        targets: [Option<u16>; 2],
        t: Timestamp,
        interval_s: f64,
    ) -> bool {
        if interval_s <= 0.0 {
            return false;
        }
        let subject = (source, targets);
        let place = self.0.iter().rposition(|(of, _)| *of == subject);
        if let Some(place) = place {
            // A hundredth of tolerance: an interval of two periods means every second sample.
            if t.seconds_since(self.0[place].1) < 0.99 * interval_s {
                return true;
            }
            self.0.remove(place);
        } else if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push((subject, t));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_thinned_one_by_one() {
        let mut uses = LastUses::default();
        let pairs = [[Some(1), Some(23)], [Some(12), Some(3)]];
        let mut used = [0; 2];
        for i in 0..40 {
            for (used, pair) in used.iter_mut().zip(pairs) {
                let t = Timestamp::from_seconds(0.05 * f64::from(i));
                *used += u32::from(!uses.is_too_soon(7, pair, t, 0.1));
            }
        }
        assert_eq!(used, [20, 20]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut uses = LastUses::default();
        for target in 0..2000 {
            let t = Timestamp(i64::from(target));
            assert!(!uses.is_too_soon(0, [Some(target), None], t, 1.0));
        }
        assert_eq!(uses.0.len(), MOST);
        assert!(uses.is_too_soon(0, [Some(1999), None], Timestamp(2000), 1.0));
    }
}
