//! Markers that do not hang where the site file says.

use crate::sim::Simulation;

/// A marker that was surveyed wrongly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MissurveyedMarker {
    /// Its id.
    pub marker: &'static str,
    /// How far off the site file has it \[m\].
    pub off_m: [f64; 3],
}

/// Two markers whose places the site file confuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SwappedMarkers {
    /// Their ids.
    pub markers: [&'static str; 2],
}

impl MissurveyedMarker {
    pub(super) fn apply(&self, run: &mut Simulation) {
        for marker in &mut run.site.markers {
            if marker.id == self.marker {
                for (x, off) in marker.position_m.iter_mut().zip(self.off_m) {
                    *x += off;
                }
            }
        }
    }
}

impl SwappedMarkers {
    pub(super) fn apply(&self, run: &mut Simulation) {
        let [one, other] = self.markers;
        for marker in &mut run.site.markers {
            if marker.id == one {
                other.clone_into(&mut marker.id);
            } else if marker.id == other {
                one.clone_into(&mut marker.id);
            }
        }
    }
}
