//! NMEA 0183: no bytes panic, no cut changes what is read, and every sample is finite.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfix_sensors::{Decoder, Name, Nmea, Timestamp, nmea::TimeBase};

fuzz_target!(|input: (Vec<u8>, usize)| {
    let (bytes, at) = input;
    let decode = |chunks: &[&[u8]]| {
        let mut decoder = Nmea::new(Name::from("gnss").unwrap(), TimeBase::Utc).near(Timestamp(0));
        let mut samples = Vec::new();
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
        assert!(
            !serde_json::to_string(&sample).unwrap().contains("null"),
            "{sample:?}"
        );
    }
});
