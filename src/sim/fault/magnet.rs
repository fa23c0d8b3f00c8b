//! A steel rack that is magnetic, beside the way.

use nalgebra::Vector3;
use wayfix_sensors::Reading;

use super::Span;
use crate::config::Source;
use crate::config::site::Magnetic;
use crate::sim::Simulation;
use crate::sim::scene::{Block, Scene, pose_of};

/// A magnetised rack that the estimator knows nothing of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Magnet {
    /// The magnetometer.
    pub source: &'static str,
    /// The rack.
    pub rack: Block,
}

impl Magnet {
    pub(super) fn apply(&self, run: &mut Simulation) {
        let (Some(Source::Magnetometer(config)), Some(earth)) =
            (run.vehicle.sources.get(self.source), run.site.magnetic)
        else {
            return;
        };
        let (lever, mounted) = pose_of(&config.mount);
        let (with, without) = (scene(earth, vec![self.rack]), scene(earth, Vec::new()));
        let trajectory = run.trajectory.clone();
        for received in run.within(self.source, Span::ALL) {
            let state = trajectory.at(received.sample.t.seconds());
            let p = state.point_m(lever);
            let more_n: Vector3<f64> = with.field_tesla(&p) - without.field_tesla(&p);
            let more_s = mounted.inverse() * (state.attitude.inverse() * more_n);
            if let Reading::MagneticField(field) = &mut received.sample.reading {
                let sum = Vector3::from(field.field_tesla) + more_s;
                field.field_tesla = sum.into();
            }
        }
    }
}

fn scene(earth: Magnetic, racks: Vec<Block>) -> Scene {
    let site = crate::config::Site {
        magnetic: Some(earth),
        ..Default::default()
    };
    Scene {
        racks,
        ..Scene::open(site)
    }
}
