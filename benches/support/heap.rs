//! Memory of one engine, exact to the byte.

use super::asset::{Asset, Outputs};
use wayfix::sim::Simulation;

/// What an engine holds that was fed a whole log: its own size and what it has on the heap [bytes].
pub fn engine_bytes<const N: usize>(simulation: &Simulation) -> f64 {
    let mut asset = None;
    let heap = allocation_counter::measure(|| {
        let mut outputs = Outputs::default();
        let asset = asset.insert(Asset::<N>::new(simulation));
        for sample in simulation.samples() {
            asset.step(&sample, &mut outputs);
        }
    });
    drop(asset);
    heap.bytes_current as f64 + size_of::<Asset<N>>() as f64
}
