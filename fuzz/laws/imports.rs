//! Foreign recordings: whatever map and table, or sentences, every record is finite.

use std::io::Cursor;

use wayfix::log::Record;
use wayfix::log::import::csv::{ColumnMap, CsvFile};
use wayfix::log::import::nmea::NmeaFile;
use wayfix::log::import::ros2::Topics;
use wayfix::log::mcap::McapReader;
use wayfix_sensors::Name;

use super::bytes::edited;

const MAP: &str = r#"source = "robot"
time = { column = "t", unit = "ms" }
[file]
delimiter = ";"
missing = ["-", "nan"]
[[reading]]
kind = "height"
fields.height_m = { column = "alt", unit = "ft" }
[[reading]]
kind = "range"
source = { column = "tag" }
fields.anchor = { column = "a" }
fields.range_m = { column = "r", unit = "mm" }
"#;
const TABLE: &str = "t;alt;tag;a;r\n0;1.5;u1;A;4000\n20;-;u1;B;3999.5\n40;1e3;u2;\"C\";nan\n";
const SENTENCES: &str = "$GPGGA,101530.00,4717.1140,N,00833.9140,E,4,12,0.7,440.1,M,47.0,M,1.0,0000*4C\r\n\
    $GPRMC,101530.00,A,4717.1140,N,00833.9140,E,3.5,84.4,230394,,,A*5C\r\n\
    $GPVTG,84.4,T,,M,3.5,N,6.5,K,A*0B\r\n$GPGST,101530.00,0.9,0.02,0.01,45.0,0.02,0.02,0.04*4A\r\n\
    $GPHDT,84.4,T*33\r\n$GPZDA,101531.00,23,03,1994,00,00*60\r\n";

fn assert_finite(records: impl Iterator<Item = Record>) {
    for record in records {
        if let Record::Sample(sample) = record {
            assert!(sample.reading.is_finite(), "{sample:?}");
        }
    }
}

/// The map is what comes before the first byte 255, the table what comes after.
pub fn csv(choices: &[u8]) {
    let mut parts = choices.splitn(2, |byte| *byte == 255);
    let map = edited(MAP.as_bytes(), parts.next().unwrap_or_default());
    let table = edited(TABLE.as_bytes(), parts.next().unwrap_or(&[1]));
    let Ok(map) = ColumnMap::parse(&String::from_utf8_lossy(&map)) else {
        return;
    };
    let total = table.len() as u64;
    let source = Name::from("csv").ok();
    if let Ok(file) = CsvFile::new(Cursor::new(table), total, &map, source) {
        assert_finite(file.map(|record| record.expect("bytes in memory can be read")));
    }
}

pub fn nmea(choices: &[u8]) {
    let bytes = edited(SENTENCES.as_bytes(), choices);
    let (head, total) = (bytes.clone(), bytes.len() as u64);
    let name = Name::from("gnss").unwrap();
    let file = NmeaFile::new(&head, Cursor::new(bytes), total, name);
    assert_finite(file.map(|record| record.expect("bytes in memory can be read")));
}

/// One message of each kind, in either byte order: `SCHEMA LE|BE HEX` a line.
const MESSAGES: &str = include_str!("../../src/log/import/ros2/golden.txt");

fn record(opcode: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[opcode], &(body.len() as u64).to_le_bytes()[..], &body].concat()
}

/// Length and text.
fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// The first byte chooses a message, the rest edits it.
pub fn ros2(choices: &[u8]) {
    let (first, choices) = choices.split_first().unwrap_or((&0, &[]));
    let line = MESSAGES
        .lines()
        .nth(usize::from(first / 2) % MESSAGES.lines().count());
    let mut words = line.unwrap().split(' ');
    let (schema, hex) = (words.next().unwrap(), words.nth(1).unwrap());
    let golden: Vec<u8> = (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    // Schema 1, channel 2 of it, one message; no end.
    let bag = [
        b"\x89MCAP0\r\n".to_vec(),
        record(
            3,
            &[
                &1_u16.to_le_bytes(),
                &text(schema),
                &text("ros2msg"),
                &text(""),
            ],
        ),
        record(4, &[&[2, 0, 1, 0], &text("/a/b"), &text("cdr"), &text("")]),
        record(5, &[&[2, 0], &[0; 4 + 8 + 8], &edited(&golden, choices)]),
    ];
    let topics = Topics {
        truth: (first % 2 == 1).then(|| "/a/b".to_owned()),
        ..Topics::default()
    };
    let mut reader = McapReader::with_ros2(Cursor::new(bag.concat()), topics).unwrap();
    assert_finite(std::iter::from_fn(|| reader.next_record().unwrap()));
}
