//! CPU time: what other programs take of a shared machine does not count.

use nix::time::{ClockId, clock_gettime};

/// CPU time of this thread since it began [s].
pub fn cpu_s() -> f64 {
    let spent = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap();
    spent.tv_sec() as f64 + 1e-9 * spent.tv_nsec() as f64
}
