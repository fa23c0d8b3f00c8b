//! The `eskf` crate: f32, 18 error states, no parameters, no gate.

use std::hint::black_box;
use std::time::Duration;

use eskf_nalgebra::Vector3;

use super::cpu::cpu_s;

/// Time of a prediction.
const DT: Duration = Duration::from_millis(10);

/// Its filter and what it predicts with.
#[derive(Clone)]
pub struct Peer {
    pub filter: eskf::ESKF,
    acceleration: Vector3<f32>,
    rotation: Vector3<f32>,
}

impl Peer {
    /// A filter whose covariance is full.
    pub fn warmed() -> Self {
        let filter = eskf::Builder::new()
            .acceleration_variance(0.01)
            .rotation_variance(0.001)
            .initial_covariance(0.1)
            .build();
        let mut peer = Self {
            filter,
            acceleration: Vector3::new(0.1, -0.05, 9.81),
            rotation: Vector3::new(0.01, -0.02, 0.15),
        };
        for _ in 0..50 {
            peer.predict();
            let _ = peer.filter.observe_height(0.0, 0.01);
        }
        peer
    }

    /// One prediction.
    pub fn predict(&mut self) {
        let (acceleration, rotation) = (black_box(self.acceleration), black_box(self.rotation));
        self.filter.predict(acceleration, rotation, DT);
    }

    /// CPU time of `count` predictions from this state [s]. As many go before that are not timed: code
    /// and branches have become cold meanwhile.
    pub fn predictions_s(&self, count: u32) -> f64 {
        let mut peer = self.clone();
        for _ in 0..count {
            peer.predict();
        }
        black_box(&peer);
        peer.clone_from(self);
        let begun = cpu_s();
        for _ in 0..count {
            peer.predict();
        }
        let took = cpu_s() - begun;
        black_box(&peer);
        took
    }
}
