//! JSON Lines: no bytes panic, no cut changes what is read, and what was read is written alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfix_sensors::{Decoder, JsonLines, Timestamp};

fuzz_target!(|input: (Vec<u8>, usize)| {
    let (bytes, at) = input;
    let decode = |chunks: &[&[u8]]| {
        let (mut decoder, mut samples) = (JsonLines::new(), Vec::new());
        for chunk in chunks {
            decoder.push(chunk, Timestamp(0), &mut |sample| samples.push(sample));
        }
        decoder.finish(&mut |sample| samples.push(sample));
        (samples, decoder.counters())
    };
    let whole = decode(&[&bytes]);
    let (head, tail) = bytes.split_at(at % (bytes.len() + 1));
    assert_eq!(whole, decode(&[head, tail]));
    for sample in whole.0 {
        let mut line = serde_json::to_vec(&sample).unwrap();
        line.push(b'\n');
        assert_eq!(decode(&[&line]).0, [sample]);
    }
});
