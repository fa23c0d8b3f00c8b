use alloc::vec;

use super::*;
use crate::Timestamp;
use crate::can::decoder;
use crate::decoder::{Counters, Decoder, assert_splits};
use crate::sample::{Name, Reading, Steering, Twist};

/// Written for this test: standard and extended identifiers, both byte orders, signs, scales, a
/// switch, a single-precision number, a CANopen process datum and two J1939 groups.
const DBC: &str = r#"VERSION ""
NS_ :
BS_:
BU_: ECU
BO_ 291 Wheels: 8 ECU
 SG_ Left : 0|16@1+ (1,0) [0|65535] "" ECU
 SG_ Right : 23|16@0+ (1,0) [0|65535] "" ECU
 SG_ Number : 32|4@1+ (1,0) [0|15] "" ECU
BO_ 292 WheelSpeeds: 8 ECU
 SG_ FrontLeft : 7|16@0+ (0.01,0) [0|300] "km/h" ECU
 SG_ FrontRight : 23|16@0+ (0.01,0) [0|300] "km/h" ECU
BO_ 37 Steer: 8 ECU
 SG_ Angle : 3|12@0- (1.5,0) [-600|600] "deg" ECU
 SG_ Real : 32|32@1- (1,0) [0|0] "rad" ECU
BO_ 384 TPDO1: 8 ECU
 SG_ Channel M : 0|8@1+ (1,0) [0|0] "" ECU
 SG_ Speed m1 : 8|16@1- (0.001,0) [-32|32] "m/s" ECU
 SG_ Rate m2 : 8|16@1- (0.01,0) [-327|327] "deg/s" ECU
BO_ 2566844926 CCVS1: 8 ECU
 SG_ WheelBasedVehicleSpeed : 8|16@1+ (0.00390625,0) [0|250.996] "km/h" ECU
BO_ 2364540158 EEC1: 8 ECU
 SG_ EngineSpeed : 24|16@1+ (0.125,0) [0|8031.875] "rpm" ECU
 SG_ Left : 0|8@1+ (1,0) [0|255] "" ECU
SIG_VALTYPE_ 37 Real : 1;
"#;

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options {
        dbc: DBC.into(),
        ..Options::default()
    };
    change(&mut options);
    options
}

fn run(options: &Options, text: &str) -> (Vec<Reading>, Counters) {
    let make = || decoder(Name::from("can").unwrap(), options).unwrap();
    let samples = assert_splits(make, text.as_bytes());
    let mut once = make();
    once.push(text.as_bytes(), Timestamp(0), &mut |_| ());
    once.finish(&mut |_| ());
    (samples.iter().map(|s| s.reading).collect(), once.counters())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).into()).collect()
}

#[test]
fn counters_in_both_byte_orders_and_what_is_missing() {
    let options = options(|o| {
        o.ticks = names(&["Wheels.Left", "-Right"]);
        o.counters = names(&["Number"]);
    });
    let text = "(1.0) can0 123#3412123401000000\n(1.1) can0 123#FFFFFFFF02\n(1.4) can0 123#0000000105\n\
        (1.5) can0 7E8#0011\n123#R\n(1.5) can0 123#0000\nnoise\n";
    let (readings, counters) = run(&options, text);
    let ticks: Vec<Vec<i64>> = readings
        .iter()
        .map(|r| match r {
            Reading::WheelTicks(w) => w.ticks.as_slice().to_vec(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        ticks,
        [vec![0x1234, -0x1234], vec![0xFFFF, -0xFFFF], vec![0, -1]]
    );
    // 1, 2, 5: two are missing. Another message, a remote frame.
    assert_eq!(
        (counters.missing, counters.ignored, counters.malformed),
        (2, 2, 1)
    );
}

#[test]
fn speeds_angles_and_units() {
    let all = options(|o| {
        o.speeds = names(&["FrontLeft", "FrontRight"]);
        o.steering = Some("-Angle".into());
    });
    // Twelve bits from bit 3 on, 1.5 deg each: -16, and right is positive on this bus.
    let (readings, counters) = run(
        &all,
        "124#03E807D000000000\n025#0FF0000000000000\n124#FFFF07D0\n",
    );
    let [
        Reading::WheelSpeeds(speeds),
        Reading::Steering(Steering { angle_rad }),
    ] = readings[..]
    else {
        panic!("{readings:?}")
    };
    let [left, right] = [10.0 / 3.6, 20.0 / 3.6];
    assert!(
        speeds
            .speeds_mps
            .as_slice()
            .iter()
            .zip([left, right])
            .all(|(a, b)| (a - b).abs() < 1e-12)
    );
    assert!((angle_rad.to_degrees() - 24.0).abs() < 1e-12);
    // 655 km/h is outside the DBC's range.
    assert_eq!((counters.malformed, counters.samples), (0, 2));

    let real = options(|o| o.steering = Some("Real".into()));
    let (readings, _) = run(&real, "025#000000000000003F\n");
    assert_eq!(readings, [Reading::Steering(Steering { angle_rad: 0.5 })]);
}

#[test]
fn a_reading_of_several_frames() {
    let options = options(|o| {
        o.forward_speed = Some("Speed".into());
        o.yaw_rate = Some("Rate".into());
        o.time = crate::time::DeviceTime::Device;
    });
    // The rate of the second turn is lost: the third is given whole, nothing is paired across.
    let text = "(1.000) c 180#01E803\n(1.001) c 180#02A00F\n(2.000) c 180#01D007\n\
        (3.000) c 180#01B80B\n(3.001) c 180#02A00F\n(3.002) c 180#03A00F\n";
    let (readings, counters) = run(&options, text);
    let twist = |forward_mps: f64| {
        Reading::Twist(Twist {
            forward_mps,
            yaw_rate_radps: Some(40_f64.to_radians()),
        })
    };
    assert_eq!(readings, [twist(1.0), twist(3.0)]);
    assert_eq!(counters.ignored, 1);
}

#[test]
fn j1939_groups_whatever_their_source() {
    let options = options(|o| {
        o.j1939 = true;
        o.forward_speed = Some("WheelBasedVehicleSpeed".into());
    });
    let text = "18FEF100#FF0024FFFFFFFFFF\n0CFEF121#FF0024FFFFFFFFFF\n18FEF200#FF0024FFFFFFFFFF\n\
        18FEF100#FFFFFFFFFFFFFFFF\n";
    let (readings, counters) = run(&options, text);
    let twist = Twist {
        forward_mps: 36.0 / 3.6,
        yaw_rate_radps: None,
    };
    assert_eq!(readings, [Reading::Twist(twist); 2]);
    assert_eq!(counters.ignored, 2);
    // Without it only the address of the DBC is heard.
    let exact = Options {
        j1939: false,
        ..options
    };
    assert_eq!(run(&exact, text).0, []);
    assert_eq!(run(&exact, "18FEF1FE#FF0024FFFFFFFFFF\n").0.len(), 1);
}

#[test]
fn setups_that_cannot_work_say_why() {
    let named = |name: &str| options(|o| o.forward_speed = Some(name.into()));
    for (options, why) in [
        (Options::default(), "no text"),
        (options(|o| o.dbc = "nonsense".into()), "dbc: "),
        (options(|_| ()), "no signal is named"),
        (named("Nothing"), "`Nothing` is not in the DBC"),
        (named("Left"), "`Wheels.Left` or `EEC1.Left`"),
        (named("EngineSpeed"), "the unit `rpm`"),
        (options(|o| o.ticks = names(&["Left"; 5])), "four wheels"),
        (
            options(|o| o.steering_ticks = Some("Number".into())),
            "`ticks` is empty",
        ),
        (
            options(|o| o.yaw_rate = Some("Rate".into())),
            "`forward_speed` is missing",
        ),
    ] {
        let error = decoder(Name::from("can").unwrap(), &options).unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
    }
    // A unit that the setup states goes before the DBC's.
    let stated = options(|o| {
        o.forward_speed = Some("EngineSpeed".into());
        o.speed_unit = Some("m/s".into());
    });
    assert!(decoder(Name::from("can").unwrap(), &stated).is_ok());
}
