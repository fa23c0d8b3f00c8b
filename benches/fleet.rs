//! Many tags in one process: `cargo bench --bench fleet`.
//!
//! Each engine serves one tag at 10 ranges a second and its estimate is read after each; samples of
//! all tags come in the order of time, so that an engine's memory is cold when its turn comes. A missed
//! target is printed, an estimate that is wrong at the end is a failure.

#![allow(clippy::unwrap_used, reason = "a bench is a test")]

mod support;

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use support::asset::{Asset, Outputs, TAG};
use support::cpu::cpu_s;
use support::heap::engine_bytes;
use support::memory::{available_bytes, resident_bytes};
use support::verdict;
use wayfix::sim::channel::{Channel, Received};
use wayfix::sim::scenario::{Equipment, Scenario};
use wayfix::sim::sensor::{Device, Radio};
use wayfix::sim::{Simulation, scenario, simulate};

/// Walks that differ; the engines share them.
const WALKS: u64 = 16;
/// Length of a walk [s]: after it an engine's memory grows no more.
const WALK_S: f64 = 60.0;
/// Simulated time before anything is counted [s].
const WARM_S: f64 = 4.0;
/// Simulated time that is counted, at most [s].
const COUNTED_S: f64 = 20.0;
/// Less is counted where it takes more CPU time than this [s].
const ENOUGH_S: f64 = 6.0;
/// Memory for engines, at most [bytes], and as a share of what is available.
const ROOM_BYTES: f64 = 16e9;
const ROOM_SHARE: f64 = 0.75;
/// At least so many tags a core.
const TARGET: f64 = 25_000.0;
/// An estimate that ends farther from truth on the plane is wrong [m]; its height is less certain.
const WRONG_M: f64 = 0.5;

/// Feeds `count` engines, each with one of the walks, and prints what it took.
fn run(count: usize, walks: &[Simulation]) {
    let before_bytes = resident_bytes().unwrap_or(f64::NAN);
    // One site and one kind of tag: they share it.
    let first = Asset::<TAG>::new(&walks[0]);
    let mut assets: Vec<Asset<TAG>> = (0..count).map(|_| first.sibling()).collect();
    let mut samples: Vec<(usize, Received)> = Vec::new();
    for (walk, simulation) in walks.iter().enumerate() {
        samples.extend(simulation.received.iter().map(|received| (walk, *received)));
    }
    samples.sort_by_key(|(walk, received)| (received.t, *walk));
    let warm = samples.partition_point(|(_, received)| received.t.seconds() < WARM_S);
    let mut outputs = Outputs::default();
    let mut latencies_ns: Vec<u32> = Vec::new();
    let mut feed = |samples: &[(usize, Received)], latencies_ns: &mut Vec<u32>| {
        for (walk, received) in samples {
            for asset in assets.iter_mut().skip(*walk).step_by(walks.len()) {
                let begun = Instant::now();
                asset.step(black_box(&received.sample), &mut outputs);
                latencies_ns.push(begun.elapsed().as_nanos() as u32);
                black_box(asset.position());
            }
        }
    };
    feed(&samples[..warm], &mut latencies_ns);
    latencies_ns.clear();
    let begun = cpu_s();
    let mut simulated_s = 0.0;
    // A second at a time.
    let mut rest = &samples[warm..];
    while simulated_s < COUNTED_S && cpu_s() - begun < ENOUGH_S {
        simulated_s += 1.0;
        let end_s = WARM_S + simulated_s;
        let n = rest.partition_point(|(_, received)| received.t.seconds() < end_s);
        feed(&rest[..n], &mut latencies_ns);
        rest = &rest[n..];
    }
    let took_s = cpu_s() - begun;
    let grown_bytes = resident_bytes().unwrap_or(f64::NAN) - before_bytes;
    for (i, asset) in assets.iter().enumerate() {
        let error_m = asset.error_n(&walks[i % walks.len()]).xy().norm();
        assert!(
            error_m < WRONG_M,
            "an estimate ends {error_m:.2} m from truth"
        );
    }
    latencies_ns.sort_unstable();
    let latency_us = |share: f64| {
        let index = (share * (latencies_ns.len() - 1) as f64) as usize;
        1e-3 * f64::from(latencies_ns[index])
    };
    let tags = count as f64 * simulated_s / took_s;
    println!(
        "{count:6} tags: {tags:.0} a core (target at least {TARGET}: {}); a step {:.1} us p99, {:.1} us worst; \
         {:.0} kB resident a tag after {:.0} s",
        verdict(tags >= TARGET),
        latency_us(0.99),
        latency_us(1.0),
        1e-3 * grown_bytes / count as f64,
        WARM_S + simulated_s,
    );
}

/// The scenario `tag_only` at 10 ranges a second.
fn walks(separation: &str) -> Vec<Simulation> {
    const RANGES: [Equipment; 1] = [Equipment {
        source: "uwb",
        device: Device::Radio(Radio::CLEAN),
        channel: Channel::ideal(10.0).late(0.02, 0.01),
    }];
    let tag = Scenario {
        equipment: &RANGES,
        ..*scenario::find("tag_only").unwrap()
    };
    let walk = |seed| {
        let mut walk = simulate(&tag, seed, Some(WALK_S)).unwrap();
        walk.vehicle.protection.separation = separation == "on";
        walk
    };
    (1..=WALKS).map(walk).collect()
}

/// Prints the figures of fleets of this kind, each in a process of its own: the allocator keeps what an
/// earlier fleet gave back.
fn fleets(separation: &str) {
    let room_bytes = available_bytes().map_or(ROOM_BYTES, |b| ROOM_BYTES.min(ROOM_SHARE * b));
    let engine_bytes = engine_bytes::<TAG>(&walks(separation)[0]);
    let fit = (room_bytes / engine_bytes) as usize;
    println!(
        "separation {separation}: {:.0} kB an engine after {WALK_S} s, {fit} fit in {:.1} GB",
        1e-3 * engine_bytes,
        1e-9 * room_bytes,
    );
    let mut counts = [1000, 10_000].map(|asked| asked.min(fit)).to_vec();
    counts.dedup();
    for count in counts {
        let this = std::env::current_exe().unwrap();
        let arguments = ["--fleet", separation, &count.to_string()];
        let status = Command::new(this).args(arguments).status().unwrap();
        assert!(status.success(), "the fleet failed");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, separation, count] = arguments.as_slice()
        && flag == "--fleet"
    {
        run(count.parse().unwrap(), &walks(separation));
        return;
    }
    fleets("off");
    fleets("on");
}
