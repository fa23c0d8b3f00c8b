use alloc::vec::Vec;
use alloc::{format, string::String};

use proptest::prelude::*;

use super::*;
use crate::decoder::assert_splits;
use crate::sample::{GnssFix, GnssPosition, GnssVelocity, Yaw};

/// Every time of day is nearest on the day around it.
const NOON: Timestamp = Timestamp(43_200_000_000_000);

fn make(base: TimeBase) -> Nmea {
    Nmea::new(Name::from("gnss").unwrap(), base)
}

/// With checksum and line end.
fn line(body: &str) -> String {
    format!("${body}*{:02X}\r\n", body.bytes().fold(0, |sum, b| sum ^ b))
}

fn decode(base: TimeBase, text: &str) -> Vec<Sample> {
    assert_splits(|| make(base), text.as_bytes())
}

fn counters(text: &str) -> Counters {
    let mut decoder = make(TimeBase::Receive);
    decoder.push(text.as_bytes(), Timestamp(0), &mut |_| ());
    decoder.finish(&mut |_| ());
    decoder.counters()
}

fn position(sample: &Sample) -> GnssPosition {
    match sample.reading {
        Reading::GnssPosition(position) => position,
        other => panic!("{other:?}"),
    }
}

/// One epoch as u-blox receivers order it.
const GOLDEN: &str = "$GNRMC,092725.00,A,4717.11399,N,00833.91590,E,0.004,77.52,091202,,,A,V*30\r\n\
    $GNVTG,77.52,T,,M,0.004,N,0.008,K,A*18\r\n\
    $GNGGA,092725.00,4717.11399,N,00833.91590,E,4,08,1.01,499.6,M,48.0,M,,*40\r\n\
    $GNGST,092725.00,1.8,,,,1.7,1.3,2.2*61\r\n";

#[test]
fn one_epoch_of_a_receiver() {
    let samples = decode(TimeBase::Utc, GOLDEN);
    let [velocity, fix] = samples[..] else {
        panic!("{samples:?}")
    };
    // 2002-12-09 09:27:25 UTC.
    assert_eq!(
        (velocity.t, fix.t),
        (Timestamp(1_039_426_045_000_000_000), velocity.t)
    );
    let course_rad = 77.52_f64.to_radians();
    let Reading::GnssVelocity(GnssVelocity {
        east_mps,
        north_mps,
        up_mps: None,
        sigma_mps: None,
    }) = velocity.reading
    else {
        panic!("{velocity:?}")
    };
    let speed_mps = 0.004 * 0.514_444_444;
    assert!((east_mps - speed_mps * course_rad.sin()).abs() < 1e-9);
    assert!((north_mps - speed_mps * course_rad.cos()).abs() < 1e-9);
    let expected = GnssPosition {
        lat_deg: 47.0 + 17.11399 / 60.0,
        lon_deg: 8.0 + 33.91590 / 60.0,
        height_m: Some(499.6 + 48.0),
        fix: GnssFix::RtkFixed,
        sigma_enu_m: Some([1.3, 1.7, 2.2]),
        hdop: Some(1.01),
        satellites: Some(8),
    };
    assert_eq!(position(&fix), expected);
}

#[test]
fn receive_time_is_that_of_the_first_byte() {
    let (mut decoder, mut times) = (make(TimeBase::Receive), Vec::new());
    let text = line("GNRMC,092725.00,A,4717.11399,N,00833.91590,E,0.004,77.52,091202,,,A");
    for (i, byte) in text.bytes().enumerate() {
        decoder.push(&[byte], Timestamp(i as i64 + 5), &mut |s| times.push(s.t));
    }
    assert_eq!(times, [Timestamp(5)]);
}

#[test]
fn gst_may_come_before_after_or_not_at_all() {
    let gga = |s: u32| {
        line(&format!(
            "GPGGA,0927{s:02}.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,"
        ))
    };
    let gst = |s: u32| line(&format!("GPGST,0927{s:02}.00,1.8,,,,1.7,1.3,2.2"));
    let sigmas = |text: String| -> Vec<bool> {
        decode(TimeBase::Receive, &text)
            .iter()
            .map(|s| position(s).sigma_enu_m.is_some())
            .collect()
    };
    assert_eq!(sigmas(gga(1) + &gst(1) + &gga(2) + &gst(2)), [true, true]);
    assert_eq!(sigmas(gst(1) + &gga(1) + &gst(2) + &gga(2)), [true, true]);
    assert_eq!(sigmas(gga(1) + &gga(2) + &gga(3)), [false, false, false]);
    assert_eq!(
        sigmas(gga(1) + &gst(2)),
        [false],
        "a GST of another time says nothing"
    );

    // Once it is known that no GST comes, a position no longer waits for the next epoch.
    let (mut decoder, mut count) = (make(TimeBase::Receive), 0);
    for (s, given) in [(1, 0), (2, 2), (3, 3)] {
        decoder.push(gga(s).as_bytes(), Timestamp(0), &mut |_| count += 1);
        assert_eq!(count, given);
    }
}

#[test]
fn heading_turns_the_other_way() {
    for (heading, yaw_deg) in [
        ("0.0", 90.0),
        ("90.0", 0.0),
        ("270.0", 180.0),
        ("341.8", 108.2),
    ] {
        let samples = decode(TimeBase::Receive, &line(&format!("HEHDT,{heading},T")));
        let Reading::Yaw(Yaw {
            yaw_rad,
            sigma_rad: None,
        }) = samples[0].reading
        else {
            panic!()
        };
        assert!(
            (yaw_rad.to_degrees() - yaw_deg).abs() < 1e-9,
            "{heading}: {yaw_rad}"
        );
    }
}

#[test]
fn a_true_heading_with_its_status() {
    // The example of u-blox's interface description: an estimated heading is no measurement.
    let estimated = counters("$GPTHS,77.52,E*34\r\n");
    assert_eq!((estimated.ignored, estimated.samples), (1, 0));
    let samples = decode(TimeBase::Receive, &line("GNTHS,77.52,A"));
    let [Reading::Yaw(yaw)] = samples.iter().map(|s| s.reading).collect::<Vec<_>>()[..] else {
        panic!()
    };
    assert!((yaw.yaw_rad.to_degrees() - 12.48).abs() < 1e-9);
}

#[test]
fn a_fix_of_two_dimensions_has_no_height() {
    let gga = |s| {
        line(&format!(
            "GNGGA,0927{s:02}.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,"
        ))
    };
    let gsa = |kind| line(&format!("GNGSA,A,{kind},21,05,29,,,,,,,,,,2.8,2.5,1.3"));
    let heights = |text: String| -> Vec<bool> {
        let samples = decode(TimeBase::Receive, &text);
        samples
            .iter()
            .map(|s| position(s).height_m.is_some())
            .collect()
    };
    assert_eq!(
        heights(gga(1) + &gsa(2) + &gga(2) + &gsa(3)),
        [false, false]
    );
    assert_eq!(heights(gsa(3) + &gga(1) + &gga(2) + &gsa(2)), [true, true]);
    assert_eq!(counters(&gsa(1)).ignored, 1);
}

#[test]
fn midnight_and_missing_dates() {
    let gga = |time| {
        line(&format!(
            "GPGGA,{time},4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,"
        ))
    };
    let text = gga("235958.00")
        + &line("GPZDA,235959.00,31,12,2023,00,00")
        + &gga("235959.50")
        + &gga("000000.50")
        + &line("GPRMC,000000.50,A,,,,,0.0,,010124,,");
    let new_year_ns = 1_704_067_200_000_000_000;
    let times: Vec<i64> = decode(TimeBase::Utc, &text)
        .iter()
        .map(|s| s.t.0 - new_year_ns)
        .collect();
    // The position before the ZDA has left before the date was known.
    assert_eq!(times, [-500_000_000, 500_000_000, 500_000_000]);

    let bytes = gga("235958.00") + &gga("000000.50");
    let samples = assert_splits(|| make(TimeBase::Utc).near(NOON), bytes.as_bytes());
    let seconds: Vec<f64> = samples.iter().map(|s| s.t.seconds()).collect();
    assert_eq!(seconds, [86398.0, 86400.5]);
}

#[test]
fn two_talkers_give_one_position_an_epoch() {
    let gga = |talker| {
        line(&format!(
            "{talker}GGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,,M,,M,,"
        ))
    };
    let samples = decode(TimeBase::Receive, &(gga("GN") + &gga("GP") + &gga("GL")));
    assert_eq!(samples.len(), 1);
    assert_eq!(position(&samples[0]).height_m, None);
}

#[test]
fn vtg_alone_is_a_velocity_each_time() {
    let samples = decode(
        TimeBase::Receive,
        &line("GPVTG,0.0,T,,M,1.0,N,1.9,K").repeat(3),
    );
    assert_eq!(samples.len(), 3);
}

#[test]
fn what_cannot_be_used_is_counted() {
    let gga = "GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,";
    let cases = [
        ("noise\r\n".into(), 1, 0),
        (format!("noise{}", line("HEHDT,10.0,T")), 1, 0),
        (format!("${gga}*00\r\n"), 1, 0),
        (format!("${gga}\r\n"), 1, 0),
        (format!("${}{}", &gga[..30], line("HEHDT,10.0,T")), 1, 0),
        (
            line("GPGGA,092725.00,9917.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,"),
            1,
            0,
        ),
        (
            line("GPGGA,092725.00,47x17,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,"),
            1,
            0,
        ),
        (line("HEHDT,400.0,T"), 1, 0),
        (format!("$GPTXT,{}\r\n", "x".repeat(300)), 1, 0),
        (line("GPGGA,,,,,,0,,,,,,,,"), 0, 1),
        (line("GPRMC,092725.00,V,,,,,,,091202,,"), 0, 1),
        (line("GPRMC,092725.00,A,,,,,0.1,,091202,,"), 0, 1),
        (line("GPVTG,,,,,,,,,N"), 0, 1),
        (line("HEHDT,,T"), 0, 1),
        (line("GNTHS,,V"), 0, 1),
        (line("GNTHS,nan,A"), 1, 0),
        (line("GNTHS,4,00,A"), 0, 1),
        (line("GPGST,092725.00,,,,,,,"), 0, 1),
        (line("GPGSV,1,1,00"), 0, 1),
        (line("PUBX,00,1"), 0, 1),
        ("!AIVDM,1*4A\r\n".into(), 0, 1),
        (String::new(), 0, 0),
    ];
    for (text, malformed, ignored) in cases {
        let got = counters(&text);
        assert_eq!((got.malformed, got.ignored), (malformed, ignored), "{text}");
        assert_eq!(got.bytes, text.len() as u64);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        make(TimeBase::Utc).push(&bytes, Timestamp(0), &mut |_| ());
    }

    /// Right checksums, so that the parsers behind it are reached.
    #[test]
    fn arbitrary_fields_never_panic(kind in "GGA|GSA|GST|HDT|RMC|THS|VTG|ZDA", fields in proptest::collection::vec("[0-9.NESWTMKAVx-]{0,11}|nan|inf|[0-9]{6}\\.[0-9]{0,12}", 0..16)) {
        let text = line(&format!("GP{kind},{}", fields.join(",")));
        let mut decoder = make(TimeBase::Utc).near(NOON);
        decoder.push(text.as_bytes(), Timestamp(0), &mut |sample| assert!(serde_json::to_string(&sample).is_ok_and(|s| !s.contains("null"))));
        decoder.finish(&mut |sample| assert!(serde_json::to_string(&sample).is_ok_and(|s| !s.contains("null"))));
    }
}
