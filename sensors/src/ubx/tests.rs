use alloc::vec::Vec;

use super::*;
use crate::decoder::{Counters, Decoder, assert_splits};
use crate::sample::{GnssFix, Reading, Sample};

/// NAV-PVT of a receiver in the field, as it came over the wire. The other messages here are built by
/// hand from the interface description.
const FIELD: &str = "b56201075c00f85a7910ea07091e042e0a372700000022edbd230301ea15ea089643254bbc0d543c0000\
    5f500000b4050000ec080000f4fffffffdffffffe9ffffff0d000000b030c701d200000080a81201a90000005c414f2100000000000000001c47";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter_map(|b| char::from(b).to_digit(16).map(|d| d as u8))
        .collect();
    digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
}

fn framed(class: u8, id: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::from([0xB5, 0x62, class, id]);
    frame.extend((payload.len() as u16).to_le_bytes());
    frame.extend(payload);
    // By the letter of the definition, not by the decoder's sums.
    let (mut a, mut b) = (0_u8, 0_u8);
    for byte in &frame[2..] {
        a = a.wrapping_add(*byte);
        b = b.wrapping_add(a);
    }
    frame.extend([a, b]);
    frame
}

fn put(payload: &mut [u8], at: usize, bytes: &[u8]) {
    payload[at..at + bytes.len()].copy_from_slice(bytes);
}

fn pvt(itow_ms: u32, kind: u8, flags: u8) -> Vec<u8> {
    let mut p = [0; 92];
    put(&mut p, 0, &itow_ms.to_le_bytes());
    put(&mut p, 4, &[0xE8, 0x07, 1, 7, 0, 0, 0, 0b111]);
    put(&mut p, 16, &(-500_i32).to_le_bytes());
    put(&mut p, 20, &[kind, flags, 0, 12]);
    put(&mut p, 24, &(-85_000_000_i32).to_le_bytes());
    put(&mut p, 28, &471_000_000_i32.to_le_bytes());
    put(&mut p, 32, &500_250_i32.to_le_bytes());
    put(&mut p, 40, &14_u32.to_le_bytes());
    put(&mut p, 44, &20_u32.to_le_bytes());
    put(&mut p, 48, &1000_i32.to_le_bytes());
    put(&mut p, 52, &(-2000_i32).to_le_bytes());
    put(&mut p, 56, &30_i32.to_le_bytes());
    put(&mut p, 68, &50_u32.to_le_bytes());
    framed(0x01, 0x07, &p)
}

fn cov(itow_ms: u32) -> Vec<u8> {
    let mut p = [0; 64];
    put(&mut p, 0, &itow_ms.to_le_bytes());
    put(&mut p, 5, &[1, 1]);
    for (at, variance) in [
        (16, 0.04_f32),
        (28, 0.09),
        (36, 0.25),
        (40, 0.01),
        (52, 0.01),
        (60, 0.04),
    ] {
        put(&mut p, at, &variance.to_le_bytes());
    }
    framed(0x01, 0x36, &p)
}

fn base_line(itow_ms: u32, heading: i32, flags: u32) -> Vec<u8> {
    let mut p = [0; 64];
    p[0] = 1;
    put(&mut p, 4, &itow_ms.to_le_bytes());
    put(&mut p, 24, &heading.to_le_bytes());
    put(&mut p, 52, &50_000_u32.to_le_bytes());
    put(&mut p, 60, &flags.to_le_bytes());
    framed(0x01, 0x3C, &p)
}

fn measured(tag_ms: u32, data: &[(u8, i32)]) -> Vec<u8> {
    let mut p = Vec::from(tag_ms.to_le_bytes());
    p.extend(((data.len() as u16) << 11).to_le_bytes());
    p.extend([0, 0]);
    for (kind, value) in data {
        p.extend((u32::from(*kind) << 24 | value.cast_unsigned() & 0xFF_FFFF).to_le_bytes());
    }
    framed(0x10, 0x02, &p)
}

fn make(time: TimeBase) -> Framed<Ubx> {
    let options = Options {
        time,
        ..Options::default()
    };
    decoder(Name::from("gnss").unwrap(), options)
}

fn decode(time: TimeBase, bytes: &[u8]) -> Vec<Sample> {
    assert_splits(|| make(time), bytes)
}

fn counters(bytes: &[u8]) -> Counters {
    let mut decoder = make(TimeBase::Receive);
    decoder.push(bytes, Timestamp(0), &mut |_| ());
    decoder.finish(&mut |_| ());
    decoder.counters()
}

fn readings(time: TimeBase, bytes: &[u8]) -> Vec<Reading> {
    decode(time, bytes).iter().map(|s| s.reading).collect()
}

#[test]
fn a_solution_of_a_receiver_in_the_field() {
    let samples = decode(TimeBase::Utc, &hex(FIELD));
    let [fix, velocity] = samples[..] else {
        panic!("{samples:?}")
    };
    // 2026-09-30 04:46:10.599 UTC, of which the fraction is in `nano`.
    assert_eq!(fix.t.0 / 1_000_000_000, 1_790_743_570);
    assert_eq!(fix.t.0 % 1_000_000_000, 599_649_570);
    assert_eq!(velocity.t, fix.t);
    let Reading::GnssPosition(p) = fix.reading else {
        panic!()
    };
    assert!((p.lat_deg - 23.044_381_3).abs() < 1e-9, "{p:?}");
    assert_eq!((p.fix, p.satellites), (GnssFix::Single, Some(21)));
    let sigma = p.sigma_enu_m.unwrap();
    assert!((sigma[0] - 1.46 / 2.0_f64.sqrt()).abs() < 1e-9);
    assert!((sigma[2] - 2.284).abs() < 1e-9);
    let Reading::GnssVelocity(v) = velocity.reading else {
        panic!()
    };
    assert!((v.north_mps + 0.012).abs() < 1e-12 && (v.up_mps.unwrap() - 0.023).abs() < 1e-12);
}

#[test]
fn a_covariance_of_the_same_epoch_gives_the_sigmas() {
    let sigmas = |bytes: &[u8]| -> Vec<[f64; 3]> {
        readings(TimeBase::Receive, bytes)
            .iter()
            .filter_map(|r| match r {
                Reading::GnssPosition(p) => p.sigma_enu_m,
                _ => None,
            })
            .collect()
    };
    let own = [0.014 / 2.0_f64.sqrt(), 0.014 / 2.0_f64.sqrt(), 0.020];
    let close = |got: Vec<[f64; 3]>, want: &[[f64; 3]]| {
        assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(want) {
            assert!(
                got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-6),
                "{got:?}"
            );
        }
    };
    let given = [0.3, 0.2, 0.5];
    close(sigmas(&[pvt(1, 3, 1), cov(1)].concat()), &[given]);
    close(sigmas(&[cov(1), pvt(1, 3, 1)].concat()), &[given]);
    close(sigmas(&[pvt(1, 3, 1), cov(2)].concat()), &[own]);
    close(sigmas(&[pvt(1, 3, 1), pvt(2, 3, 1)].concat()), &[own, own]);

    // Without one, a position waits in the first epoch only; an end of epoch lets it go at once.
    let (mut decoder, mut count) = (make(TimeBase::Receive), 0);
    for (bytes, given) in [(pvt(1, 3, 1), 0), (pvt(2, 3, 1), 4), (pvt(3, 3, 1), 6)] {
        decoder.push(&bytes, Timestamp(0), &mut |_| count += 1);
        assert_eq!(count, given);
    }
    let (mut decoder, mut count) = (make(TimeBase::Receive), 0);
    let end = framed(0x01, 0x61, &1_u32.to_le_bytes());
    decoder.push(&[pvt(1, 3, 1), end].concat(), Timestamp(0), &mut |_| {
        count += 1
    });
    assert_eq!(count, 2);
}

#[test]
fn kinds_of_fix() {
    let fix = |kind, flags| match readings(TimeBase::Receive, &pvt(1, kind, flags))[..] {
        [Reading::GnssPosition(p), Reading::GnssVelocity(v)] => {
            assert_eq!(p.height_m.is_some(), v.up_mps.is_some());
            Some((p.fix, p.height_m))
        }
        [] => None,
        ref other => panic!("{other:?}"),
    };
    let high = Some(500.25);
    assert_eq!(fix(3, 1), Some((GnssFix::Single, high)));
    assert_eq!(fix(3, 3), Some((GnssFix::Differential, high)));
    assert_eq!(fix(3, 0x43), Some((GnssFix::RtkFloat, high)));
    assert_eq!(fix(3, 0x83), Some((GnssFix::RtkFixed, high)));
    assert_eq!(fix(2, 1), Some((GnssFix::Single, None)));
    for (kind, flags) in [(0, 1), (1, 1), (4, 1), (5, 1), (3, 0)] {
        assert_eq!(fix(kind, flags), None);
        assert_eq!(counters(&pvt(1, kind, flags)).ignored, 1);
    }
}

#[test]
fn the_heading_of_a_base_line_turns_the_other_way() {
    for (heading, yaw_deg) in [
        (0, 90.0),
        (9_000_000, 0.0),
        (27_000_000, 180.0),
        (34_180_000, 108.2),
    ] {
        let [Reading::Yaw(yaw)] =
            readings(TimeBase::Receive, &base_line(1, heading, 0b1_0000_0101))[..]
        else {
            panic!()
        };
        assert!((yaw.yaw_rad.to_degrees() - yaw_deg).abs() < 1e-9);
        assert!((yaw.sigma_rad.unwrap().to_degrees() - 0.5).abs() < 1e-12);
    }
    for (heading, flags) in [(0, 0b0_0000_0101), (0, 0b1_0000_0001), (-1, 0b1_0000_0101)] {
        assert_eq!(counters(&base_line(1, heading, flags)).ignored, 1);
    }
}

#[test]
fn times_go_by_the_nearer_way_round_the_week() {
    // The week ends between the two messages; the UTC is that of the first.
    let bytes = [pvt(604_799_900, 3, 1), base_line(100, 0, 0b1_0000_0101)].concat();
    let times: Vec<i64> = decode(TimeBase::Utc, &bytes)
        .iter()
        .map(|s| s.t.0)
        .collect();
    let utc_ns = 1_704_585_600_000_000_000 - 500;
    assert_eq!(times, [utc_ns, utc_ns, utc_ns + 200_000_000]);
    // Before the first UTC there is no time to give.
    assert_eq!(decode(TimeBase::Utc, &base_line(1, 0, 0b1_0000_0101)), []);
}

#[test]
fn wheels_and_inertial_sensor_of_a_receiver() {
    let imu = [
        measured(1000, &[(16, 1024), (17, -512), (18, 10_045)]),
        measured(1005, &[(14, 4096), (13, -8192), (5, 0), (12, 3000)]),
        measured(2000, &[(14, 4096), (13, -8192), (5, 0)]),
    ]
    .concat();
    let [Reading::Imu(with), Reading::Imu(without)] = readings(TimeBase::Receive, &imu)[..] else {
        panic!()
    };
    assert_eq!(with.accel_mps2, Some([1.0, -0.5, 10_045.0 / 1024.0]));
    assert_eq!(with.gyro_radps, [1.0, -2.0, 0.0].map(f64::to_radians));
    assert_eq!(without.accel_mps2, None);

    // Over the end of 23 bits, then backwards.
    let all = [(0x7F_FFFE, 0), (0x00_0003, 0), (0x00_0005, 0x80_0000)]
        .map(|(count, back)| measured(0, &[(8, count | back), (9, 7), (11, -1500)]))
        .concat();
    let got = readings(TimeBase::Receive, &all);
    let ticks: Vec<i64> = got
        .iter()
        .filter_map(|r| match r {
            Reading::WheelTicks(w) => w.ticks.as_slice().first().copied(),
            _ => None,
        })
        .collect();
    assert_eq!(ticks, [0, 5, 3]);
    assert!(
        got.iter()
            .any(|r| matches!(r, Reading::Twist(t) if t.forward_mps == -1.5))
    );
}

#[test]
fn other_protocols_are_skipped_and_garbage_is_counted() {
    let good = pvt(1, 3, 1);
    let sentence = b"$GNVTG,77.52,T,,M,0.004,N,0.008,K,A*18\r\n";
    // RTCM 1005 of the standard's own example.
    let rtcm = hex("D300133ED7D30202980EDEEF34B4BD62AC0941986F33360B98");
    let mixed = [sentence, &rtcm[..], &good, sentence, &rtcm, &pvt(2, 3, 1)].concat();
    let got = counters(&mixed);
    assert_eq!((got.samples, got.malformed, got.ignored), (4, 0, 4));
    assert_eq!(decode(TimeBase::Receive, &mixed).len(), 4);

    let mut hit = good.clone();
    hit[30] ^= 4;
    for (bytes, samples, malformed) in [
        (
            [b"\0\xFFnoise", &good[..], b"x", &pvt(2, 3, 1), b"\xB5"].concat(),
            4,
            3,
        ),
        ([&hit[..], &good].concat(), 2, 1),
        ([&good[..50], &pvt(2, 3, 1)].concat(), 2, 1),
        ([&[0xD3, 0x00, 0x05][..], &good].concat(), 2, 1),
        ([&b"$GPGGA,0924"[..], &good].concat(), 2, 1),
    ] {
        let got = counters(&bytes);
        assert_eq!(
            (got.samples, got.malformed),
            (samples, malformed),
            "{bytes:02X?}"
        );
        assert_eq!(decode(TimeBase::Receive, &bytes).len() as u64, samples);
    }
}
