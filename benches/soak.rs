//! A simulated week in one engine: `cargo bench --bench soak`. Memory has to be flat, and the last day
//! as good as the second: nothing may wear away.

#![allow(clippy::unwrap_used, reason = "a bench is a test")]

#[path = "support/memory.rs"]
mod memory;
#[path = "../tests/support/soak.rs"]
mod soak;

use std::time::Instant;

use memory::resident_mib;

const DAY_S: f64 = 86_400.0;
const DAYS: u32 = 7;
/// Memory may move by this after the first tenth [MiB]: less than a minute of samples is.
const FLAT_MIB: f64 = 1.0;

/// What is compared between days.
struct Day {
    median_m: f64,
    p95_m: f64,
    nees: f64,
    least_eigenvalue: f64,
}

fn main() {
    let begun = Instant::now();
    let (mut memory_mib, mut days) = (Vec::new(), Vec::new());
    soak::run(1, f64::from(DAYS) * DAY_S, DAY_S, |told| match told {
        soak::Told::Stretch(day) => days.push(told_day(&day)),
        soak::Told::Tenth(tenth) => {
            let Some(mib) = resident_mib() else { return };
            println!(
                "{tenth}/10: {mib:.1} MiB, {:.0} s",
                begun.elapsed().as_secs_f64()
            );
            memory_mib.push(mib);
        }
    });
    println!("{DAYS} days in {:.0} s", begun.elapsed().as_secs_f64());
    let least = memory_mib.iter().copied().fold(f64::INFINITY, f64::min);
    let most = memory_mib.iter().copied().fold(0.0, f64::max);
    assert!(
        memory_mib.is_empty() || most - least < FLAT_MIB,
        "memory grows: {memory_mib:?}"
    );
    // On the first day it starts and learns.
    let (second, last) = (&days[1], &days[days.len() - 1]);
    assert!(
        last.median_m < 1.1 * second.median_m,
        "the median error grows"
    );
    assert!(last.p95_m < 1.1 * second.p95_m, "the p95 error grows");
    assert!(
        (0.5..2.0).contains(&last.nees),
        "the covariance is not honest"
    );
    assert!(
        last.least_eigenvalue > 0.1 * second.least_eigenvalue,
        "the covariance wears away"
    );
}

/// Prints a day.
fn told_day(day: &soak::Stretch) -> Day {
    let errors = &day.errors;
    let percentile = |share| errors.horizontal_m.percentile(share).unwrap();
    let told = Day {
        median_m: percentile(0.5),
        p95_m: percentile(0.95),
        nees: day.nees(),
        least_eigenvalue: day.least_eigenvalue,
    };
    println!(
        "day {:.0}: error {:.4} m median, {:.4} p95, {:.4} most; heading {:.3} deg p95; NEES {:.2}; \
         least eigenvalue {:.2e}, condition {:.1e}; {} jumps; {} samples",
        day.end_s / DAY_S,
        told.median_m,
        told.p95_m,
        errors.horizontal_m.max().unwrap(),
        errors.yaw_rad.percentile(0.95).unwrap().to_degrees(),
        told.nees,
        told.least_eigenvalue,
        day.condition,
        day.jumps,
        day.samples,
    );
    assert_eq!(day.jumps, 0, "the estimate jumps");
    told
}
