//! Logs: whatever the bytes, reading ends, and what was read can be written and read again alike.

use std::io::Cursor;
use std::sync::OnceLock;

use wayfix::log::jsonl::{JsonlReader, JsonlWriter};
use wayfix::log::mcap::{McapReader, McapWriter};
use wayfix::log::{Attachment, Record};

use super::bytes::edited;

const LINES: &str = r#"{"attachment": {"name": "site.toml", "text": "name = \"yard\""}}
{"t": 0.00, "source": "imu", "imu": {"gyro_radps": [0, 0, 0.1], "accel_mps2": [0, 0, 9.81]}}
{"t_ns": 10000000, "source": "wheels", "wheel_ticks": {"ticks": [1200, 1204]}}
{"t": 0.20, "source": "gnss", "gnss_position": {"lat_deg": 59.33, "lon_deg": 18.06, "height_m": 40, "fix": "rtk_fixed", "sigma_enu_m": [0.02, 0.02, 0.04]}}
{"t": 0.21, "source": "uwb", "range": {"anchor": "A1", "range_m": 7.42}}
{"t": 0.23, "source": "camera", "marker": {"marker": "17", "corners_px": [[300, 200], [340, 200], [340, 240], [300, 240]]}}
{"t": 0.30, "truth": {"xy_m": [1.0, 2.0], "yaw_rad": 0.1}}
"#;

fn read_lines(bytes: &[u8]) -> Vec<Record> {
    let mut reader = JsonlReader::new(bytes);
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

fn read_mcap(bytes: &[u8]) -> Vec<Record> {
    let mut reader = McapReader::new(Cursor::new(bytes)).unwrap();
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

fn assert_writes_alike(records: &[Record]) {
    let mut written = Vec::new();
    let mut writer = JsonlWriter::new(&mut written, &[]).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    writer.flush().unwrap();
    assert_eq!(read_lines(&written), records);
}

pub fn jsonl(choices: &[u8]) {
    assert_writes_alike(&read_lines(&edited(LINES.as_bytes(), choices)));
}

/// A sound MCAP log, in chunks.
fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let attachments = [Attachment {
            name: "site.toml".to_owned(),
            text: "name = \"yard\"".to_owned(),
        }];
        let mut output = Cursor::new(Vec::new());
        let mut writer = McapWriter::new(&mut output, &attachments).unwrap();
        let records = read_lines(LINES.as_bytes());
        assert_eq!(records.len(), 6);
        for round in 0..3 {
            for record in &records {
                writer.write(record).unwrap();
            }
            if round == 1 {
                writer.flush().unwrap();
            }
        }
        writer.finish().unwrap();
        output.into_inner()
    })
}

pub fn mcap(choices: &[u8]) {
    assert_writes_alike(&read_mcap(&edited(sound(), choices)));
}
