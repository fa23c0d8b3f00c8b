use std::collections::BTreeMap;
use std::io::Cursor;

use super::*;

/// `SCHEMA LE|BE HEX` a line: one message of each kind in both byte orders, as the Python package
/// `rosbags` 0.11 serialises it. All are stamped 5.25 s, frame "base".
const GOLDEN: &str = include_str!("golden.txt");
const T: Timestamp = Timestamp(5_250_000_000);

fn golden() -> impl Iterator<Item = (&'static str, &'static str, Vec<u8>)> {
    GOLDEN.lines().map(|line| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        let (schema, order, hex) = (word(), word(), word());
        let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16));
        (schema, order, bytes.map(Result::unwrap).collect())
    })
}

fn source() -> Name {
    Name::from("robot").unwrap()
}

/// What a message of that kind says, as JSON.
fn expected(schema: &str) -> &'static str {
    match schema {
        "sensor_msgs/msg/Imu" => {
            r#"{"imu":{"gyro_radps":[0.1,-0.2,0.3],"accel_mps2":[0.5,-0.25,9.81]}}"#
        }
        "sensor_msgs/msg/NavSatFix" => {
            r#"{"gnss_position":{"lat_deg":59.33,"lon_deg":18.06,"height_m":40.5,"fix":"rtk_float","sigma_enu_m":[0.2,0.3,0.5]}}"#
        }
        "sensor_msgs/msg/MagneticField" => {
            r#"{"magnetic_field":{"field_tesla":[2e-5,0.0,-4.5e-5]}}"#
        }
        "sensor_msgs/msg/FluidPressure" => r#"{"pressure":{"pressure_pa":101325.0}}"#,
        "geometry_msgs/msg/PoseStamped" => {
            r#"{"pose":{"position_m":[1.0,2.0,3.0],"attitude_wxyz":[0.8,0.0,0.0,0.6]}}"#
        }
        "geometry_msgs/msg/PoseWithCovarianceStamped" => {
            r#"{"pose":{"position_m":[1.0,2.0,3.0],"attitude_wxyz":[0.8,0.0,0.0,0.6],"sigma_m":0.1414213562373095,"sigma_rad":0.02}}"#
        }
        _ => r#"{"twist":{"forward_mps":1.5,"yaw_rate_radps":-0.25}}"#,
    }
}

#[test]
fn messages_in_either_byte_order() {
    let mut kinds = std::collections::BTreeSet::new();
    for (schema, order, bytes) in golden() {
        kinds.insert(schema);
        let message = Message::of(schema).unwrap();
        let record = message.read(&bytes, To::Source(source()), Timestamp(0));
        let reading = serde_json::from_str(expected(schema)).unwrap();
        let sample = Sample {
            t: T,
            source: source(),
            reading,
        };
        assert_eq!(record, Ok(Some(Record::Sample(sample))), "{schema} {order}");
        for cut in 0..bytes.len() {
            // The covariances at the end of a few are not read.
            if let Ok(Some(cut_short)) = message.read(&bytes[..cut], To::Source(source()), T) {
                assert_eq!(cut_short, Record::Sample(sample), "{schema} {cut}");
            }
        }
        assert!(message.read(&bytes[..30], To::Source(source()), T).is_err());
    }
    assert_eq!(kinds.len(), 9);
}

#[test]
fn truth_is_the_pose() {
    for (schema, _, bytes) in golden() {
        let record = Message::of(schema).unwrap().read(&bytes, To::Truth, T);
        if schema.contains("Pose") || schema.contains("Odometry") {
            let Ok(Some(Record::Truth(truth))) = record else {
                panic!("{schema}: {record:?}")
            };
            assert_eq!(
                (truth.t, truth.state.xy_m, truth.state.z_m),
                (T, Some([1.0, 2.0]), Some(3.0))
            );
            assert_eq!(truth.state.attitude_wxyz, Some([0.8, 0.0, 0.0, 0.6]));
        } else {
            assert_eq!(record, Ok(None), "{schema}");
        }
    }
}

#[test]
fn what_a_message_does_not_say() {
    let bytes_of = |schema: &str| golden().find(|(s, ..)| *s == schema).unwrap().2;
    let read = |schema: &str, bytes: &[u8]| {
        Message::of(schema)
            .unwrap()
            .read(bytes, To::Source(source()), Timestamp(77))
    };
    // Status −1: no fix. It stands behind head, stamp and frame.
    let schema = "sensor_msgs/msg/NavSatFix";
    let mut fix = bytes_of(schema);
    assert_eq!(fix[4 + 8 + 4 + 5], 2);
    fix[4 + 8 + 4 + 5] = 0xFF;
    assert_eq!(read(schema, &fix), Ok(None));
    // A covariance of unknown type.
    let mut fix = bytes_of(schema);
    *fix.last_mut().unwrap() = 0;
    let Ok(Some(Record::Sample(sample))) = read(schema, &fix) else {
        panic!()
    };
    let Reading::GnssPosition(position) = sample.reading else {
        panic!()
    };
    assert_eq!(position.sigma_enu_m, None);
    // −1 in front of the covariance of the rates, then of the accelerations: not measured.
    let schema = "sensor_msgs/msg/Imu";
    let imu = bytes_of(schema);
    let (gyro_at, accel_at) = (4 + 24 + 13 * 8 + 3 * 8, 4 + 24 + 25 * 8 + 3 * 8);
    let mut blind = imu.clone();
    blind[gyro_at..gyro_at + 8].copy_from_slice(&(-1.0_f64).to_le_bytes());
    assert_eq!(read(schema, &blind), Ok(None));
    let mut light = imu.clone();
    light[accel_at..accel_at + 8].copy_from_slice(&(-1.0_f64).to_le_bytes());
    let Ok(Some(Record::Sample(sample))) = read(schema, &light) else {
        panic!()
    };
    assert!(matches!(
        sample.reading,
        Reading::Imu(Imu {
            accel_mps2: None,
            ..
        })
    ));
    // No stamp: when it was published. No number: refused.
    let mut unstamped = imu.clone();
    unstamped[4..12].fill(0);
    let Ok(Some(Record::Sample(sample))) = read(schema, &unstamped) else {
        panic!()
    };
    assert_eq!(sample.t, Timestamp(77));
    let rate_at = 4 + 24 + 13 * 8;
    let mut broken = imu;
    broken[rate_at..rate_at + 8].copy_from_slice(&f64::NAN.to_le_bytes());
    assert_eq!(
        read(schema, &broken),
        Err("holds what is no number".to_owned())
    );
    assert_eq!(
        read(schema, b"\0\x03\0\0"),
        Err("not in plain CDR".to_owned())
    );
    assert_eq!(Message::of("sensor_msgs/msg/Image"), None);
}

/// A bag with one topic a message, little-endian, and a camera's.
fn bag() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ::mcap::Writer::new(Cursor::new(&mut bytes)).unwrap();
    let all = golden().filter(|(_, order, _)| *order == "LE");
    let camera = ("sensor_msgs/msg/Image", "LE", vec![0, 1, 0, 0]);
    for (sequence, (schema, _, data)) in all.chain([camera]).enumerate() {
        let id = writer.add_schema(schema, "ros2msg", b"").unwrap();
        let name = schema.rsplit('/').next().unwrap().to_lowercase();
        let topic = format!("/robot/{name}");
        let channel_id = writer
            .add_channel(id, &topic, "cdr", &BTreeMap::new())
            .unwrap();
        let header = ::mcap::records::MessageHeader {
            channel_id,
            sequence: sequence as u32,
            log_time: 9,
            publish_time: 9,
        };
        writer.write_to_known_channel(&header, &data).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn read(topics: Topics) -> (Vec<Record>, Damage) {
    let mut reader = McapReader::with_ros2(Cursor::new(bag()), topics).unwrap();
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        records.push(record);
    }
    (records, reader.damage)
}

#[test]
fn topics_become_sources_or_truth() {
    let (records, damage) = read(Topics::default());
    assert_eq!((records.len(), damage.count, damage.ignored), (9, 0, 1));
    let Record::Sample(first) = records[0] else {
        panic!()
    };
    assert_eq!(first.source.as_str(), "robot_imu");

    let named = Topics {
        sources: [("/robot/imu".to_owned(), source())].into(),
        truth: Some("/robot/posestamped".to_owned()),
    };
    let (records, damage) = read(named);
    assert_eq!((damage.count, damage.ignored), (0, 8));
    assert!(
        matches!(records[..], [Record::Sample(s), Record::Truth(_)] if s.source == source()),
        "{records:?}"
    );
    // As a log of Wayfix's own, it holds nothing.
    let mut reader = McapReader::new(Cursor::new(bag())).unwrap();
    assert_eq!(reader.next_record().unwrap(), None);
    assert_eq!(reader.damage.ignored, 10);
}
