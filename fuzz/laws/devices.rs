//! What holds for every device of the table, whatever its bytes: nothing panics, no cut changes what
//! is read, and every sample has a meaning in JSON.

#[path = "../../sensors/benches/golden/mod.rs"]
mod golden;

use std::sync::OnceLock;

use wayfix_sensors::device::{self, Setup};
use wayfix_sensors::{Name, Sample, Timestamp};

/// Decodes `bytes` as they are, and as content of sound frames, whole and cut at `at`.
pub fn law(adapter: &str, bytes: &[u8], at: usize) {
    // A process fuzzes one device.
    static SETUP: OnceLock<Setup> = OnceLock::new();
    let setup = SETUP.get_or_init(|| {
        let golden = golden::all();
        let golden = golden.iter().find(|golden| golden.adapter == adapter);
        Setup {
            source: Name::from(adapter).unwrap(),
            options: serde_json::from_str(golden.unwrap().options).unwrap(),
        }
    });
    let decode = |chunks: &[&[u8]]| {
        let (mut decoder, mut samples) = (device::make(adapter, setup).unwrap(), Vec::new());
        for chunk in chunks {
            decoder.push(chunk, Timestamp(0), &mut |sample| samples.push(sample));
        }
        decoder.finish(&mut |sample| samples.push(sample));
        (samples, decoder.counters())
    };
    for bytes in [bytes.to_vec(), golden::sealed(adapter, bytes)] {
        let whole = decode(&[&bytes]);
        let (head, tail) = bytes.split_at(at % (bytes.len() + 1));
        assert_eq!(whole, decode(&[head, tail]));
        for sample in whole.0 {
            // A number that is none has no meaning; a code may well spell `null`.
            let json = serde_json::to_string(&sample).unwrap();
            let read: Option<Sample> = serde_json::from_str(&json).ok();
            assert_eq!(read, Some(sample), "{json}");
        }
    }
}
