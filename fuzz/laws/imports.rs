//! Foreign recordings: whatever map and table, or sentences, every record is finite.

use std::io::Cursor;

use wayfix::log::Record;
use wayfix::log::import::csv::{ColumnMap, CsvFile};
use wayfix::log::import::nmea::NmeaFile;
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
