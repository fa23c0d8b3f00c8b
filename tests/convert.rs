//! `wayfix convert` as a user runs it: files in, files and an exit code out.

#![allow(
    clippy::unwrap_used,
    reason = "the whole file is a test, its helpers too"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

use wayfix::log::{self, Attachment, Record, Truth, TruthState};
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{Height, Range};
use wayfix_sensors::{Name, Reading, Sample};

/// A directory of the test's own, removed at its end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("wayfix-convert-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.file(name), content).unwrap();
    }

    fn convert(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wayfix"));
        command
            .arg("convert")
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .unwrap()
    }

    /// Converts, expecting success, and returns what was printed.
    fn convert_ok(&self, arguments: &[&str]) -> String {
        let output = self.convert(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn read(&self, name: &str) -> (Vec<Record>, Vec<Attachment>) {
        let mut reader = log::open(self.file(name)).unwrap();
        let records = reader.by_ref().map(Result::unwrap).collect();
        let (read, total) = reader.progress();
        assert_eq!((reader.damage().count, read), (0, total));
        (records, reader.attachments().to_vec())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // Best effort: a leftover in the temporary directory fails no test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn drive() -> Vec<Record> {
    let name = |n: &str| Name::from(n).unwrap();
    let sample = |t, source, reading| {
        Record::Sample(Sample {
            t,
            source: name(source),
            reading,
        })
    };
    (0..1000)
        .flat_map(|i| {
            // Late samples, times before zero, unix-sized times.
            let t = Timestamp(i * 2_000_000_000_000_000 - 5 + (i % 3) * -20_000_000_000_000_000);
            let x = (i as f64).sqrt();
            let range = Range {
                anchor: name("A1"),
                range_m: x,
                rx_power_dbm: None,
                first_path_dbm: Some(-x),
            };
            let state = TruthState {
                xy_m: Some([x, -x]),
                yaw_rad: Some(0.1),
                ..TruthState::default()
            };
            [
                sample(t, "uwb", Reading::Range(range)),
                Record::Truth(Truth { t, state }),
                sample(t, "baro/1", Reading::Height(Height { height_m: x })),
            ]
        })
        .collect()
}

#[test]
fn there_and_back_is_the_same_log() {
    let dir = Dir::new("round");
    let texts =
        [("site.toml", "name = \"hall\"\n"), ("vehicle.toml", "")].map(|(name, text)| Attachment {
            name: name.into(),
            text: text.into(),
        });
    let mut writer = log::create(dir.file("a.jsonl"), &texts).unwrap();
    drive()
        .iter()
        .for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();

    let printed = dir.convert_ok(&["a.jsonl", "-o", "b.mcap"]);
    assert!(printed.contains("3000  records"), "{printed}");
    assert!(printed.contains("1000  baro/1/height"), "{printed}");
    dir.convert_ok(&["b.mcap", "-o", "c.jsonl"]);
    assert_eq!(dir.read("b.mcap"), (drive(), texts.to_vec()));
    assert_eq!(
        std::fs::read(dir.file("a.jsonl")).unwrap(),
        std::fs::read(dir.file("c.jsonl")).unwrap()
    );
    // And as the mcap crate sees it, whole and in order.
    let bytes = std::fs::read(dir.file("b.mcap")).unwrap();
    let messages: Vec<_> = mcap::MessageStream::new(&bytes)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(messages.len(), 3000);
    assert!(messages.is_sorted_by_key(|m| m.log_time));
    let schema = messages[0].channel.schema.as_ref().unwrap();
    assert_eq!(
        (messages[0].channel.topic.as_str(), schema.encoding.as_str()),
        ("/uwb/range", "jsonschema")
    );
}

#[test]
fn nmea_becomes_a_log() {
    let dir = Dir::new("nmea");
    let line = |body: &str| format!("${body}*{:02X}\r\n", body.bytes().fold(0, |sum, b| sum ^ b));
    let gga = |time: &str| {
        line(&format!(
            "GNGGA,{time},4717.11399,N,00833.91590,E,4,08,1.01,499.6,M,48.0,M,,"
        ))
    };
    let text = gga("235959.00")
        + "noise\r\n"
        + &gga("000000.00")
        + &line("GNRMC,000000.00,A,,,,,1.0,90.0,010124,,");
    dir.write("drive.nmea", &text);
    let printed = dir.convert_ok(&["drive.nmea", "--json", "-o", "drive.mcap"]);
    let summary: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        summary["topics"],
        serde_json::json!({"gnss/gnss_position": 2, "gnss/gnss_velocity": 1})
    );
    assert_eq!(
        (&summary["damaged"], &summary["damage"][0]),
        (&1.into(), &"line 2: bytes that belong to no message".into())
    );
    // The date is known from the third sentence on, and the first one lies on the day before it.
    assert_eq!(summary["first_t_ns"], 1_704_067_199_000_000_000_i64);
    assert_eq!(summary["last_t_ns"], 1_704_067_200_000_000_000_i64);

    dir.write("dateless.nmea", gga("000001.00") + &gga("000002.00"));
    dir.convert_ok(&["dateless.nmea", "--source", "rover", "-o", "dateless.jsonl"]);
    let (records, _) = dir.read("dateless.jsonl");
    let Record::Sample(sample) = records[0] else {
        panic!()
    };
    assert_eq!(
        (sample.t, sample.source.as_str()),
        (Timestamp(1_000_000_000), "rover")
    );
}

#[test]
fn csv_becomes_a_log() {
    let dir = Dir::new("csv");
    dir.write("drive.csv", "t,alt\n0.5,1\n1.5,\n2.5,x\n3.5,4\n");
    dir.write(
        "map.toml",
        "time = { column = \"t\" }\n[[reading]]\nkind = \"height\"\nfields.height_m = \"alt\"\n",
    );
    let printed = dir.convert_ok(&[
        "drive.csv",
        "--map",
        "map.toml",
        "--source",
        "baro",
        "-o",
        "drive.jsonl",
    ]);
    assert!(
        printed.contains("row 4: height_m: \"x\" is no number"),
        "{printed}"
    );
    assert_eq!(dir.read("drive.jsonl").0.len(), 2);
}

#[test]
fn failures_have_an_exit_code_a_reason_and_no_output() {
    let dir = Dir::new("fail");
    dir.write("empty.jsonl", "");
    dir.write("broken.mcap", "no log at all");
    dir.write("drive.csv", "t,alt\n");
    dir.write(
        "good.jsonl",
        "{\"t\": 1, \"source\": \"baro\", \"height\": {\"height_m\": 1}}\n",
    );
    dir.write(
        "map.toml",
        "time = { column = \"time\" }\n[[reading]]\nkind = \"height\"\nfields.height_m = \"alt\"\n",
    );
    let cases: [(&[&str], &str); 11] = [
        (
            &["empty.jsonl", "-o", "out.mcap"],
            "nothing was read from empty.jsonl",
        ),
        (
            &["broken.mcap", "-o", "out.jsonl"],
            "nothing was read from broken.mcap",
        ),
        (
            &["absent.mcap", "-o", "out.jsonl"],
            "cannot open absent.mcap",
        ),
        (&["good.jsonl", "-o", "out.bag"], "ends in .mcap or .jsonl"),
        (&["good.jsonl", "-o", "good.jsonl"], "onto itself"),
        (&["drive.csv", "-o", "out.mcap"], "needs a column map"),
        (&["drive.bag", "-o", "out.mcap"], "expected .mcap"),
        (
            &["good.jsonl", "--truth", "/pose", "-o", "out.mcap"],
            "name topics of a ROS 2 bag",
        ),
        (
            &[
                "drive.csv",
                "--map",
                "map.toml",
                "--topic",
                "/imu=imu",
                "-o",
                "out.mcap",
            ],
            "name topics of a ROS 2 bag",
        ),
        (
            &["good.jsonl", "--source", "b", "-o", "out.mcap"],
            "a log or a bag names its own",
        ),
        (
            &[
                "drive.csv",
                "--map",
                "map.toml",
                "--source",
                "b",
                "-o",
                "out.mcap",
            ],
            "no column \"time\"; it has t, alt",
        ),
    ];
    for (arguments, reason) in cases {
        let output = dir.convert(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(
            stderr.contains(reason),
            "{arguments:?}\n  gave: {stderr}\n  not: {reason}"
        );
        assert!(
            !dir.file("out.mcap").exists() && !dir.file("out.jsonl").exists(),
            "{arguments:?}"
        );
    }
}
