//! How fast decoders are: `cargo bench -p wayfix-sensors --features dbc --bench decoders`.
//!
//! Each must do 200 MB/s of its own input, or a thousand times what its line carries.

// A bench measures time.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)]

mod golden;

use std::hint::black_box;
use std::time::Instant;

use wayfix_sensors::device::{self, Setup};
use wayfix_sensors::{Name, Timestamp};

fn main() {
    println!("{:14} {:>9} {:>15}", "adapter", "MB/s", "times its line");
    let mut slow = Vec::new();
    for golden in golden::all() {
        if golden.adapter == "can" && cfg!(not(feature = "dbc")) {
            println!("{:14} needs the feature dbc", golden.adapter);
            continue;
        }
        let setup = Setup {
            source: Name::from(golden.adapter).unwrap(),
            options: serde_json::from_str(golden.options).unwrap(),
        };
        // Chunks of 4 kB, as a port gives them at most.
        let text = golden.bytes.repeat((1 << 20) / golden.bytes.len() + 1);
        let mut best_s = f64::MAX;
        for _ in 0..40 {
            let mut decoder = device::make(golden.adapter, &setup).unwrap();
            let begun = Instant::now();
            for chunk in text.chunks(4096) {
                decoder.push(black_box(chunk), Timestamp(0), &mut |sample| {
                    black_box(sample);
                });
            }
            best_s = best_s.min(begun.elapsed().as_secs_f64());
            assert!(
                decoder.counters().samples > 0,
                "{}: no samples",
                golden.adapter
            );
            assert_eq!(
                decoder.counters().malformed,
                0,
                "{}: {:?}",
                golden.adapter,
                decoder.last_error()
            );
        }
        let bytes_per_s = text.len() as f64 / best_s;
        let times = bytes_per_s / golden.line_bytes_per_s;
        let name = golden.adapter;
        println!("{name:14} {:9.0} {times:15.0}", bytes_per_s / 1e6);
        if bytes_per_s < 200e6 && times < 1000.0 {
            slow.push(name);
        }
    }
    assert!(
        slow.is_empty(),
        "neither 200 MB/s nor 1000 times the line: {slow:?}"
    );
}
