use std::path::PathBuf;

use serde_json::json;

use super::*;

fn file(name: &str, text: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("wayfix-csv-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

/// The records as JSON, and the damage.
fn import(
    name: &str,
    map: &str,
    text: &[u8],
) -> Result<(Vec<serde_json::Value>, Damage), LogError> {
    let path = file(name, text);
    let map = ColumnMap::parse(map)?;
    let mut csv = CsvFile::open(&path, &map, Some(Name::from("default").unwrap()))?;
    let records = csv
        .by_ref()
        .map(|r| serde_json::to_value(r.unwrap()).unwrap())
        .collect();
    assert_eq!(csv.progress(), (text.len() as u64, text.len() as u64));
    std::fs::remove_file(path).unwrap();
    Ok((records, csv.damage().clone()))
}

/// The example of the documentation, with its own text.
#[test]
fn the_documented_map_works() {
    let doc = include_str!("../csv.rs");
    let map = doc
        .split("```")
        .nth(1)
        .unwrap()
        .trim_start_matches("toml")
        .replace("//!", "");
    let csv = "stamp,uwb_stamp,type,id,dist,gx,ax,ay,az,gy,lat,lon,quality,x_true,y_true,compass\n\
        1500.25,2.000000001,R,7,3250,180,0,0,9.8,0,590000000,180000000,4,1,2,90\n\
        # left out\n\
        1600,,R,7,3250,,0,0,9.8,0,,,4,-999,2,\n";
    let (records, damage) = import("doc", &map, csv.as_bytes()).unwrap();
    let expected = [
        // Column 5 is gx once more.
        json!({"t_ns": 1_500_250_000, "source": "imu", "imu": {"gyro_radps": [core::f64::consts::PI, 0.0, 180.0], "accel_mps2": [0.0, 0.0, 9.8]}}),
        json!({"t_ns": 2_000_000_001, "source": "uwb", "range": {"anchor": "A7", "range_m": 3.2}}),
        json!({"t_ns": 1_500_250_000, "source": "robot", "gnss_position": {"lat_deg": 59.0, "lon_deg": 18.0, "fix": "rtk_fixed"}}),
        json!({"t_ns": 1_500_250_000, "truth": {"xy_m": [1.0, 2.0], "yaw_rad": 0.0}}),
    ];
    assert_eq!(records, expected);
    assert_eq!(damage, Damage::default());
}

#[test]
fn spaces_indexes_and_two_part_times() {
    let map = r#"
        time = { column = 0, unit = "s", plus_ns = 1, offset_s = -1.5 }
        file = { delimiter = " ", header = false, skip_lines = 1 }
        [[reading]]
        kind = "wheel_ticks"
        fields.ticks = [2, 3]
    "#;
    let (records, damage) = import(
        "spaces",
        map,
        b"preamble, 1\n2  5 9007199254740993   -4\n3 5 1\n4 5 1 x\n",
    )
    .unwrap();
    let ticks = json!([9_007_199_254_740_993_i64, -4]);
    assert_eq!(
        records,
        [json!({"t_ns": 500_000_005, "source": "default", "wheel_ticks": {"ticks": ticks}})]
    );
    assert_eq!(damage.count, 2);
    assert!(
        damage.notes[0].ends_with("3 columns where 4 are used"),
        "{damage:?}"
    );
    assert!(
        damage.notes[1].ends_with("ticks: \"x\" is no number"),
        "{damage:?}"
    );
}

#[test]
fn a_truncated_or_binary_file_is_damage() {
    let map = "time = { column = \"t\" }\n[[reading]]\nkind = \"height\"\nfields.height_m = \"h\"";
    let (records, damage) = import("binary", map, b"t,h\n1,2\n\xff,3\n2,\xfe\n3,1e999\n4").unwrap();
    assert_eq!((records.len(), damage.count), (1, 4), "{damage:?}");
}

#[test]
fn a_wrong_map_says_what_is_wrong() {
    let reading = |fields: &str| format!("time = {{ column = \"t\" }}\n[[reading]]\n{fields}");
    let cases = [
        ("time = 1".to_owned(), "invalid type"),
        (
            reading("kind = \"rang\"\nfields = {}"),
            "reading \"rang\": no such kind",
        ),
        (
            reading("kind = \"height\"\nfields = {}"),
            "missing field \"height_m\"",
        ),
        (
            reading("kind = \"height\"\nfields.height = \"h\""),
            "unknown field \"height\"; it has height_m",
        ),
        (
            reading("kind = \"height\"\nfields.height_m = \"z\""),
            "the file has no column \"z\"; it has t, h",
        ),
        (
            reading("kind = \"height\"\nfields.height_m = [\"h\"]"),
            "height_m is Number",
        ),
        (
            reading("kind = \"imu\"\nfields.gyro_radps = [\"h\"]"),
            "gyro_radps is Vector(3)",
        ),
        (
            reading("kind = \"height\"\nfields.height_m = { column = \"h\", unit = \"parsec\" }"),
            "unknown unit",
        ),
        (
            reading("kind = \"height\"\nfields.height_m = { colum = \"h\" }"),
            "unknown field `colum`",
        ),
        (
            reading("kind = \"height\"\nfields.height_m = {}"),
            "either `column` or `value`",
        ),
        (
            "[[reading]]\nkind = \"height\"\nfields.height_m = \"h\"".to_owned(),
            "missing time",
        ),
    ];
    for (map, expected) in cases {
        let error = import("wrong", &map, b"t,h\n1,2\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(expected),
            "{map}\n  gave: {error}\n  not: {expected}"
        );
    }
}
