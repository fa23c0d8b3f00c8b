use alloc::vec::Vec;

use super::*;
use crate::decoder::{Counters, Decoder, assert_splits};

/// A message of an MTi-630 as captured: quaternion, fine time, status word, packet counter.
const CAPTURED: [u8; 43] = [
    0xFA, 0xFF, 0x36, 0x26, 0x20, 0x10, 0x10, 0x3E, 0xFC, 0x23, 0x42, 0x3F, 0x00, 0xE0, 0x28, 0xBF,
    0x01, 0x8F, 0xA7, 0x3E, 0xFE, 0xEE, 0xB1, 0x10, 0x60, 0x04, 0x00, 0x0A, 0xF8, 0x4C, 0xE0, 0x20,
    0x04, 0x00, 0x00, 0x00, 0x02, 0x10, 0x20, 0x02, 0x1B, 0xC5, 0xD4,
];

/// Built by hand from the document.
fn message(packets: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut content = Vec::new();
    for (id, data) in packets {
        content.extend(id.to_be_bytes());
        content.push(data.len() as u8);
        content.extend(data);
    }
    let mut frame = Vec::from([0xFA, 0xFF, 0x36]);
    match u8::try_from(content.len()) {
        Ok(n) if n < 255 => frame.push(n),
        _ => {
            frame.push(0xFF);
            frame.extend((content.len() as u16).to_be_bytes());
        }
    }
    frame.extend(content);
    let sum: u32 = frame[1..].iter().map(|b| u32::from(*b)).sum();
    frame.push((256 - sum % 256) as u8);
    frame
}

fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

fn inertial(number: u16, fine: u32) -> Vec<u8> {
    message(&[
        (0x1020, number.to_be_bytes().to_vec()),
        (0x1060, fine.to_be_bytes().to_vec()),
        (0x4020, singles(&[0.5, -0.25, 9.75])),
        (0x8020, singles(&[0.125, 0.0, -1.0])),
        (0xC020, singles(&[0.5, 0.0, -0.75])),
        (0x3010, 101_325_u32.to_be_bytes().to_vec()),
    ])
}

fn run(options: Options, bytes: &[u8]) -> (Vec<crate::Sample>, Counters) {
    let make = || decoder(Name::from("imu").unwrap(), options);
    let samples = assert_splits(make, bytes);
    let mut once = make();
    once.push(bytes, Timestamp(0), &mut |_| ());
    once.finish(&mut |_| ());
    (samples, once.counters())
}

#[test]
fn a_message_as_captured() {
    let options = Options {
        yaw: true,
        time: DeviceTime::Device,
        ..Options::default()
    };
    let (samples, _) = run(options, &CAPTURED);
    let Reading::Yaw(yaw) = samples[0].reading else {
        panic!()
    };
    // 0x000AF84C = 718924 ticks of 0.1 ms.
    assert_eq!(samples[0].t.0, 71_892_400_000);
    // Quaternion (0.49246, 0.50342, -0.50610, 0.49791): atan2(2(xy + wz), ww + xx - yy - zz).
    let [w, x, y, z] = [0.49246, 0.50342, -0.50610, 0.49791_f64];
    let expected = (2.0 * (x * y + w * z)).atan2(w * w + x * x - y * y - z * z);
    assert!((yaw.yaw_rad - expected).abs() < 1e-2, "{yaw:?} {expected}");
    assert_eq!(run(Options::default(), &CAPTURED).1.ignored, 1);
}

#[test]
fn inertial_magnetic_and_pressure() {
    let (samples, counters) = run(Options::default(), &inertial(1, 0));
    let [imu, field, pressure] = samples[..] else {
        panic!("{samples:?}")
    };
    let Reading::Imu(imu) = imu.reading else {
        panic!()
    };
    assert_eq!(imu.gyro_radps, [0.125, 0.0, -1.0]);
    assert_eq!(imu.accel_mps2, Some([0.5, -0.25, 9.75]));
    let Reading::MagneticField(field) = field.reading else {
        panic!()
    };
    assert!((field.field_tesla[2] + 3.75e-5).abs() < 1e-15);
    let Reading::Pressure(pressure) = pressure.reading else {
        panic!()
    };
    assert_eq!(pressure.pressure_pa, 101_325.0);
    assert_eq!(counters.malformed, 0);
}

#[test]
fn numbers_of_all_formats() {
    let fixed = |v: f64| ((v * 1_048_576.0) as i32).to_be_bytes();
    let long = |v: f64| {
        let all = (v * 4_294_967_296.0) as i64;
        let mut bytes = (all as u32).to_be_bytes().to_vec();
        bytes.extend(((all >> 32) as i16).to_be_bytes());
        bytes
    };
    let values = [0.5, -1.25, 3.0];
    for (digit, data) in [
        (
            0,
            values
                .iter()
                .flat_map(|v| (*v as f32).to_be_bytes())
                .collect(),
        ),
        (1, values.iter().flat_map(|v| fixed(*v)).collect()),
        (2, values.iter().flat_map(|v| long(*v)).collect()),
        (
            3,
            values
                .iter()
                .flat_map(|v| v.to_be_bytes())
                .collect::<Vec<u8>>(),
        ),
    ] {
        let (samples, _) = run(Options::default(), &message(&[(0x8020 | digit, data)]));
        let Reading::Imu(imu) = samples[0].reading else {
            panic!()
        };
        assert_eq!(imu.gyro_radps, values, "{digit}");
    }
}

#[test]
fn headings_of_all_frames() {
    // A third of a turn about z, device upright; in NED the device's z points down, too.
    let half = 30_f32.to_radians();
    let q = singles(&[half.cos(), 0.0, 0.0, half.sin()]);
    let options = Options {
        yaw: true,
        ..Options::default()
    };
    for (digit, yaw_deg) in [(0, 60.0), (4, 30.0), (8, 150.0)] {
        let (samples, _) = run(options, &message(&[(0x2010 | digit, q.clone())]));
        let Reading::Yaw(yaw) = samples[0].reading else {
            panic!()
        };
        assert!(
            (yaw.yaw_rad.to_degrees() - yaw_deg).abs() < 1e-4,
            "{digit}: {yaw:?}"
        );
    }
}

#[test]
fn missing_messages_and_the_end_of_the_clock() {
    let options = Options {
        time: DeviceTime::Device,
        ..Options::default()
    };
    let bytes = [inertial(65_534, u32::MAX - 9), inertial(2, 30)].concat();
    let (samples, counters) = run(options, &bytes);
    assert_eq!(counters.missing, 3);
    assert_eq!(samples[3].t.0 - samples[0].t.0, 4_000_000);
}

#[test]
fn garbage_is_counted_and_long_messages_are_read() {
    let long = message(&[
        (0x8020, singles(&[1.0, 2.0, 3.0])),
        (0xE010, Vec::from([0; 200])),
        (0xE010, Vec::from([0; 200])),
    ]);
    let mut hit = inertial(1, 0);
    hit[20] ^= 1;
    let acknowledge = [0xFA, 0xFF, 0x31, 0x00, 0xD0];
    let bytes = [b"noise", &long[..], &hit, &acknowledge, &long, b"\xFA\xFF"].concat();
    let (samples, counters) = run(Options::default(), &bytes);
    assert_eq!(
        (samples.len(), counters.malformed, counters.ignored),
        (2, 3, 1)
    );
    // Content that ends within a packet.
    let cut = message(&[
        (0x8020, singles(&[1.0, 2.0, 3.0])),
        (0x1020, Vec::from([1])),
    ]);
    let mut cut = cut[..cut.len() - 2].to_vec();
    cut[3] -= 1;
    let sum: u32 = cut[1..].iter().map(|b| u32::from(*b)).sum();
    cut.push((256 - sum % 256) as u8);
    assert_eq!(run(Options::default(), &cut).1.malformed, 1);
}
