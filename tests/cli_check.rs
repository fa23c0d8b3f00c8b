//! `wayfix check` and `wayfix schema` as processes: output and exit codes.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Output};

fn wayfix(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wayfix"))
        .args(arguments)
        .output()
        .unwrap()
}

fn file(name: &str, content: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[test]
fn exit_codes() {
    let site = file("fine_site.toml", "name = \"hall\"\n");
    let fine = file("fine_vehicle.toml", "[source.mocap]\nkind = \"pose\"\n");
    let odd = file("odd_vehicle.toml", "[source.uwb]\nkind = \"uwb\"\n");
    let wrong = file("wrong_vehicle.toml", "[source.uwb]\nkind = \"ubw\"\n");
    let code = |vehicle: &str, more: &[&str]| {
        let arguments = [&["check", "--site", &site, "--vehicle", vehicle], more].concat();
        wayfix(&arguments).status.code()
    };
    assert_eq!(code(&fine, &["--strict"]), Some(0));
    assert_eq!(code(&odd, &[]), Some(0));
    assert_eq!(code(&odd, &["--strict"]), Some(1));
    assert_eq!(code(&wrong, &[]), Some(2));
    assert_eq!(code("/nowhere.toml", &[]), Some(2));
}

#[test]
fn text_and_json() {
    let site = file("text_site.toml", "");
    let odd = file(
        "text_odd.toml",
        "[source.uwb]\nkind = \"uwb\"\ndelay_s = 1.5\n",
    );
    let output = wayfix(&["check", "--site", &site, "--vehicle", &odd]);
    let expected = format!(
        "{site}: warning: anchor: missing, so source.uwb (uwb) cannot be used; list the anchors\n\
         {odd}:3: warning: source.uwb.delay_s: 1.5 s is long; is it in seconds?\n\
         0 errors, 2 warnings\n"
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    let output = wayfix(&["check", "--site", &site, "--vehicle", &odd, "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["warnings"][1]["key"], "source.uwb.delay_s");
    assert_eq!(json["warnings"][1]["line"], 3);
}

#[test]
fn schemas_are_json() {
    for file in ["site", "vehicle"] {
        let output = wayfix(&["schema", file]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["type"], "object");
    }
}
