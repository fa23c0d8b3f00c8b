use std::io::Cursor;

use proptest::prelude::*;
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{Height, Imu};
use wayfix_sensors::{Name, Reading, Sample};

use super::jsonl::{JsonlReader, JsonlWriter};
use super::mcap::{McapReader, McapWriter};
use super::*;

fn texts() -> Vec<Attachment> {
    let text = "name = \"hall \\ 1\"\n".to_owned();
    vec![Attachment {
        name: "site.toml".into(),
        text,
    }]
}

fn write(form: Form, records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match form {
        Form::Jsonl => {
            let mut writer = JsonlWriter::new(&mut bytes, &texts()).unwrap();
            records.iter().for_each(|r| writer.write(r).unwrap());
        }
        Form::Mcap => {
            let mut writer = McapWriter::new(Cursor::new(&mut bytes), &texts()).unwrap();
            records.iter().for_each(|r| writer.write(r).unwrap());
            writer.finish().unwrap();
        }
    }
    bytes
}

fn read(form: Form, bytes: &[u8]) -> (Vec<Record>, Damage, Vec<Attachment>) {
    let mut records = Vec::new();
    match form {
        Form::Jsonl => {
            // A small buffer, so that lines are cut.
            let mut reader = JsonlReader::new(BufReader::with_capacity(37, bytes));
            while let Some(record) = reader.next_record().unwrap() {
                records.push(record);
            }
            assert_eq!(reader.bytes_read(), bytes.len() as u64);
            (records, reader.damage, reader.attachments)
        }
        Form::Mcap => {
            let mut reader = McapReader::new(Cursor::new(bytes)).unwrap();
            while let Some(record) = reader.next_record().unwrap() {
                records.push(record);
            }
            (records, reader.damage, reader.attachments)
        }
    }
}

/// A drive long enough for several chunks.
fn drive() -> Vec<Record> {
    let name = |n| Name::from(n).unwrap();
    (0..12_000)
        .map(|i| {
            let (t, x) = (Timestamp(i * 10_000_000), (i as f64 * 0.1).sin());
            match i % 4 {
                0 => Record::Truth(Truth {
                    t,
                    state: TruthState {
                        z_m: Some(x),
                        ..TruthState::default()
                    },
                }),
                1 => {
                    let reading = Reading::Height(Height { height_m: x });
                    Record::Sample(Sample {
                        t,
                        source: name("baro"),
                        reading,
                    })
                }
                _ => {
                    let imu = Imu {
                        gyro_radps: [x, -x, x * x],
                        accel_mps2: Some([0.1, x, 9.8]),
                    };
                    Record::Sample(Sample {
                        t,
                        source: name("imu"),
                        reading: Reading::Imu(imu),
                    })
                }
            }
        })
        .collect()
}

/// `part` keeps the order of `whole`, from which some may be missing.
fn is_subsequence(part: &[Record], whole: &[Record]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|record| whole.any(|w| w == record))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn either_form_gives_back_every_bit(records in arbitrary::records(0..60)) {
        for form in [Form::Jsonl, Form::Mcap] {
            let (read, damage, attachments) = read(form, &write(form, &records));
            prop_assert_eq!(&read, &records);
            prop_assert_eq!(damage, Damage::default());
            prop_assert_eq!(attachments, texts());
        }
    }

    #[test]
    fn any_bytes_are_at_worst_damage(bytes: Vec<u8>, records in arbitrary::records(0..20), at: prop::sample::Index) {
        for form in [Form::Jsonl, Form::Mcap] {
            read(form, &bytes);
            let mut log = write(form, &records);
            let at = at.index(log.len());
            log.splice(at..at + bytes.len().min(log.len() - at), bytes.iter().copied());
            read(form, &log);
        }
    }
}

#[test]
fn a_log_cut_anywhere_gives_all_before_the_cut() {
    let drive = drive();
    for form in [Form::Jsonl, Form::Mcap] {
        let bytes = write(form, &drive);
        let mut before = 0;
        for part in 1..50 {
            let cut = &bytes[..bytes.len() * part / 50];
            let (records, damage, _) = read(form, cut);
            assert_eq!(records[..], drive[..records.len()], "{form:?} {part}");
            assert_eq!(damage.count, 1, "{form:?} {part} {damage:?}");
            assert!(records.len() >= before, "{form:?} {part}");
            // A cut block of Zstandard (128 KiB) is lost; indexes blur where in the bytes a record lies.
            let least = (drive.len() * part / 100).saturating_sub(1500);
            assert!(records.len() >= least, "{form:?} {part}: {}", records.len());
            before = records.len();
        }
    }
}

#[test]
fn a_changed_byte_costs_one_line_or_chunk() {
    let drive = drive();
    let chunk = 3000;
    for (form, most) in [(Form::Jsonl, 2), (Form::Mcap, chunk)] {
        let bytes = write(form, &drive);
        for part in 0..200 {
            let mut bytes = bytes.clone();
            let at = bytes.len() * part / 200;
            bytes[at] ^= 0x55;
            let (records, damage, _) = read(form, &bytes);
            let lost = drive.len() - records.len();
            assert!(lost <= most, "{form:?} byte {at}: lost {lost}, {damage:?}");
            assert!(
                lost == 0 || damage.count > 0,
                "{form:?} byte {at}: lost {lost} unsaid"
            );
            if form == Form::Mcap {
                assert!(is_subsequence(&records, &drive), "byte {at}: {damage:?}");
            }
        }
    }
}

#[test]
fn garbage_inside_a_log_costs_no_neighbour() {
    let drive = drive();
    for form in [Form::Jsonl, Form::Mcap] {
        let mut bytes = write(form, &drive);
        let at = bytes.len() / 2;
        bytes.splice(at..at, *b"\n\x06\x00\xff\x06garbage\n");
        let (records, damage, _) = read(form, &bytes);
        assert!(is_subsequence(&records, &drive), "{damage:?}");
        assert!(
            records.len() + 3000 > drive.len() && damage.count > 0,
            "{} {damage:?}",
            records.len()
        );
        assert_eq!(records.last(), drive.last());
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused_and_leave_no_trace() {
    let bad = |height_m| {
        let reading = Reading::Height(Height { height_m });
        Record::Sample(Sample {
            t: Timestamp(5),
            source: Name::from("baro").unwrap(),
            reading,
        })
    };
    let (mut json, mut mcap) = (Vec::new(), Cursor::new(Vec::new()));
    let mut jsonl = JsonlWriter::new(&mut json, &[]).unwrap();
    let mut writer = McapWriter::new(&mut mcap, &[]).unwrap();
    for height_m in [f64::NAN, 1.0, f64::INFINITY] {
        let results = [jsonl.write(&bad(height_m)), writer.write(&bad(height_m))];
        for result in results {
            match result {
                Ok(()) => assert!(height_m.is_finite()),
                Err(e) => assert_eq!(
                    e.to_string(),
                    "height of `baro` at 5 ns holds a number that is not finite"
                ),
            }
        }
    }
    writer.finish().unwrap();
    drop(jsonl);
    for (form, bytes) in [(Form::Jsonl, json), (Form::Mcap, mcap.into_inner())] {
        assert_eq!(
            read(form, &bytes),
            (vec![bad(1.0)], Damage::default(), vec![])
        );
    }
}

#[test]
fn topics_of_others_are_left_out_and_counted() {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = ::mcap::Writer::new(&mut bytes).unwrap();
    let channel = |writer: &mut ::mcap::Writer<_>, topic, encoding| {
        writer.add_channel(0, topic, encoding, &Default::default())
    };
    let topics = [
        ("/tf", "cdr"),
        ("/baro/height", "cdr"),
        ("/baro/height", "json"),
        ("/a/b/height", "json"),
    ];
    for (topic, encoding) in topics {
        let channel_id = channel(&mut writer, topic, encoding).unwrap();
        let header = ::mcap::records::MessageHeader {
            channel_id,
            sequence: 0,
            log_time: 0,
            publish_time: 9,
        };
        writer
            .write_to_known_channel(&header, br#"{"height_m": 2.5}"#)
            .unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    let (records, damage, _) = read(Form::Mcap, bytes.get_ref());
    assert_eq!((records.len(), damage.count, damage.ignored), (2, 0, 2));
    let Record::Sample(Sample { t, source, .. }) = records[1] else {
        panic!()
    };
    assert_eq!((t, source.as_str()), (Timestamp(9), "a/b"));
}

#[test]
fn the_jsonl_twin_reads_as_documented() {
    let text = concat!(
        "{\"t\": 1.5, \"source\": \"truth\", \"height\": {\"height_m\": 2}}\n\r\n",
        "{\"t_ns\": 5, \"truth\": {\"xy_m\": [1.0, 2.0], \"yaw_rad\": 0.1}}\n",
        "{\"t_ns\": 6, \"truth\": {\"xy\": [1.0, 2.0]}}\n",
        "{\"t_ns\": 7, \"source\": \"uwb\", \"range\": {\"anchor\": \"A1\", \"ran",
    );
    let (records, damage, _) = read(Form::Jsonl, text.as_bytes());
    assert_eq!((records.len(), damage.count), (2, 2));
    assert!(
        damage.notes[0].starts_with("line 4: unknown field `xy`"),
        "{damage:?}"
    );
    assert!(
        damage.notes[1].starts_with("line 5: EOF while parsing"),
        "{damage:?}"
    );
}
