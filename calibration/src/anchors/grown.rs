//! A drive by odometry that nothing else places.
//!
//! Dead reckoning of the whole drive may be far off, and anchors placed by it with it. So the drive is
//! taken up bit by bit: what was found of the poses and anchors so far is where the next, longer bit
//! begins, and dead reckoning goes on from its last pose only.

use super::{AnchorsError, Problem, Ranged};
use crate::drive::{Odometry, Way};

/// So much first \[s\], then so much more.
const FIRST_S: f64 = 60.0;
const GROWTH: f64 = 1.5;

/// Takes up the drive bit by bit, each from what was found of the one before.
pub(super) fn grown<'a>(
    odometry: &Odometry,
    whole: Problem<'a>,
) -> Result<Problem<'a>, AnchorsError> {
    let (first_s, last_s) = whole.way.span_s();
    let mut length_s = FIRST_S;
    let mut poses: Vec<f64> = Vec::new();
    let mut anchors = whole.anchors.clone();
    while first_s + length_s < last_s {
        let until_s = first_s + length_s;
        length_s *= GROWTH;
        let part = odometry.continued(&poses).until(until_s);
        let early: Vec<Ranged> = (whole.ranges.iter())
            .filter(|r| r.t_s < until_s)
            .copied()
            .collect();
        let way = Way::Driven(part);
        let Ok(mut bit) = Problem::new(way, anchors.clone(), &early, whole.options) else {
            continue;
        };
        // What is not heard enough yet, or not told from its mirror image, waits.
        if bit.locate_some() == 0 {
            continue;
        }
        let Ok((found, _)) = bit.fit() else { continue };
        poses = found.chain.clone();
        bit.take(&found, &mut anchors);
    }
    let way = Way::Driven(odometry.continued(&poses));
    let mut whole = Problem {
        way,
        anchors,
        ..whole
    };
    whole.locate()?;
    Ok(whole)
}
