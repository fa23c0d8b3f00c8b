//! Corrections from a small caster reach the receiver over the stream that its positions come by.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::{Live, PATIENCE, accept, refused, tag};
use crate::support::Scratch;

fn head(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A run with a satellite receiver behind a port, and a caster that it asks for corrections.
struct Rig {
    live: Live,
    device: TcpStream,
    caster: TcpListener,
}

impl Rig {
    fn new(name: &str, adapter: &str, mountpoint: &str, more: &str) -> Self {
        let [receiver, caster] = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let live = format!(
            "adapter = \"{adapter}\"\ntcp = \"{}\"\n[source.tag.live.ntrip]\nurl = \"http://{}/{mountpoint}\"\n{more}\n",
            receiver.local_addr().unwrap(),
            caster.local_addr().unwrap()
        );
        let scratch = Scratch::new(&format!("live-{name}"));
        let site = "[datum]\nlat_deg = 59.3\nlon_deg = 18.1\nheight_m = 0\n";
        fs::write(scratch.0.join("site.toml"), site).unwrap();
        fs::write(scratch.0.join("vehicle.toml"), satellites(&live)).unwrap();
        let live = Live::start_in(scratch, &[], |command| {
            command.env("WAYFIX_TEST_CASTER", "secret");
        });
        let device = accept(&receiver);
        device.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            live,
            device,
            caster,
        }
    }

    /// The next request: the caster's end of it, and its head.
    fn asked(&self) -> (TcpStream, String) {
        let mut stream = accept(&self.caster);
        let head = head(&mut stream);
        (stream, head)
    }
}

/// A vehicle with a satellite receiver that is heard like this.
fn satellites(live: &str) -> String {
    tag(live)
        .replace("uwb", "gnss")
        .replace("range_sigma_m = 0.05\n", "")
}

/// What a receiver says of its place.
const OWN: &str = "$GNGGA,001043.00,5918.00000,N,01806.00000,E,1,12,0.98,30.0,M,20.0,M,,*7D\r\n";

/// One sentence up to its line feed, whose checksum is right.
fn sentence(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    let line = String::from_utf8(line).unwrap();
    assert_sum(line.trim_end());
    line
}

fn assert_sum(sentence: &str) {
    let (body, sum) = sentence[1..].split_once('*').unwrap();
    let stated = u8::from_str_radix(sum, 16).unwrap();
    assert_eq!(body.bytes().fold(0, |sum, b| sum ^ b), stated, "{sentence}");
}

/// Latitude and longitude of a GGA \[deg\].
fn place(gga: &str) -> (f64, f64) {
    let fields: Vec<&str> = gga.split(',').collect();
    assert_eq!(
        (fields[0], fields[3], fields[5]),
        ("$GPGGA", "N", "E"),
        "{gga}"
    );
    let angle = |text: &str, digits: usize| {
        text[..digits].parse::<f64>().unwrap() + text[digits..].parse::<f64>().unwrap() / 60.0
    };
    (angle(fields[2], 2), angle(fields[4], 3))
}

const CORRECTIONS: [&[u8]; 2] = [b"\xD3\x00\x04\x4C\xE0\x00\x80", b"\xED\xED\xD6"];

/// Corrections in two parts.
fn correct(caster: &mut TcpStream, is_chunked: bool) {
    for part in CORRECTIONS {
        if is_chunked {
            write!(caster, "{:x}\r\n", part.len()).unwrap();
            caster.write_all(part).unwrap();
            caster.write_all(b"\r\n").unwrap();
        } else {
            caster.write_all(part).unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn assert_corrected(device: &mut TcpStream) {
    let mut got = vec![0; CORRECTIONS.concat().len()];
    device.read_exact(&mut got).unwrap();
    assert_eq!(got, CORRECTIONS.concat());
}

const NEW: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const OLD: &[u8] = b"ICY 200 OK\r\n\r\n";

#[test]
fn corrections_go_to_the_receiver_and_a_refusal_is_told_once() {
    let login = "user = \"me\"\npassword_env = \"WAYFIX_TEST_CASTER\"";
    let mut rig = Rig::new("ntrip", "nmea", "NEAR", login);
    // The first answer is a refusal, the second comes in HTTP's chunks, the third is of the old kind.
    let (mut first, asked) = rig.asked();
    assert!(asked.starts_with("GET /NEAR HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("Authorization: Basic bWU6c2VjcmV0\r\n"),
        "{asked}"
    );
    first
        .write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
        .unwrap();
    drop(first);
    for (answer, is_chunked) in [(NEW, true), (OLD, false)] {
        let (mut stream, _) = rig.asked();
        stream.write_all(answer).unwrap();
        correct(&mut stream, is_chunked);
        assert_corrected(&mut rig.device);
    }
    let stopped = rig.live.stop();
    assert_eq!(
        stopped.stderr.matches("check user and password").count(),
        1,
        "{}",
        stopped.stderr
    );
    assert!(!stopped.stderr.contains("secret"));
}

#[test]
fn a_caster_that_needs_the_receivers_place_gets_its_own_sentence_and_again() {
    let mut rig = Rig::new("ntrip-own", "nmea", "VIRTUAL", "gga_s = 0.5");
    let (mut stream, asked) = rig.asked();
    assert!(!asked.contains("GGA"), "not known yet: {asked}");
    stream.write_all(OLD).unwrap();
    rig.device.write_all(OWN.as_bytes()).unwrap();
    // Without the place, this caster has nothing to send.
    assert_eq!(sentence(&mut stream), OWN);
    correct(&mut stream, false);
    assert_corrected(&mut rig.device);
    let begun = Instant::now();
    assert_eq!(sentence(&mut stream), OWN);
    assert!(begun.elapsed() > Duration::from_millis(300), "too soon");
    rig.live.stop();
}

#[test]
fn the_place_of_a_receiver_without_sentences_is_estimated() {
    let mut rig = Rig::new("ntrip-estimate", "json_lines", "VIRTUAL", "gga_s = 0.2");
    let fix = "{\"gnss_position\": {\"lat_deg\": 59.3005, \"lon_deg\": 18.1005, \"height_m\": 25, \"sigma_enu_m\": [1, 1, 2]}}\n";
    rig.device.write_all(fix.repeat(20).as_bytes()).unwrap();
    rig.live.wait_samples("tag", 20);
    // NTRIP 1: behind the answer's head.
    let (mut stream, _) = rig.asked();
    stream.write_all(OLD).unwrap();
    for _ in 0..2 {
        let (lat_deg, lon_deg) = place(&sentence(&mut stream));
        assert!((lat_deg - 59.3005).abs() < 1e-4 && (lon_deg - 18.1005).abs() < 1e-4);
        correct(&mut stream, false);
        assert_corrected(&mut rig.device);
    }
    drop(stream);
    // NTRIP 2: in the request already.
    let (mut stream, asked) = rig.asked();
    let gga = asked.lines().find_map(|l| l.strip_prefix("Ntrip-GGA: "));
    let gga = gga.unwrap_or_else(|| panic!("{asked}"));
    assert_sum(gga);
    assert!((place(gga).0 - 59.3005).abs() < 1e-4, "{gga}");
    stream.write_all(NEW).unwrap();
    place(&sentence(&mut stream));
    correct(&mut stream, true);
    assert_corrected(&mut rig.device);
    place(&sentence(&mut stream));
    rig.live.stop();
}

#[test]
fn a_caster_that_is_not_to_know_the_place_is_not_told() {
    let mut rig = Rig::new("ntrip-silent", "nmea", "NEAR", "gga_s = 0");
    rig.device.write_all(OWN.as_bytes()).unwrap();
    let (mut stream, _) = rig.asked();
    stream.write_all(OLD).unwrap();
    correct(&mut stream, false);
    let silence = Duration::from_millis(1500);
    stream.set_read_timeout(Some(silence)).unwrap();
    let told = stream.read(&mut [0]);
    assert!(told.is_err(), "{told:?}");
    rig.live.stop();
}

#[test]
fn what_a_caster_refuses_is_told_with_what_to_do() {
    let rig = Rig::new("ntrip-refused", "nmea", "NEAR0", "");
    for answer in [
        &b"SOURCETABLE 200 OK\r\nServer: old\r\n\r\nSTR;NEAR00;Town\r\nENDSOURCETABLE\r\n"[..],
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"ICY 200 OK\r\n",
        b"",
    ] {
        let (mut stream, _) = rig.asked();
        stream.write_all(answer).unwrap();
    }
    let Rig { live, caster, .. } = rig;
    drop(caster);
    let begun = Instant::now();
    while !live.log().contains("is the caster up") {
        assert!(begun.elapsed() < PATIENCE, "{}", live.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = live.stop().stderr;
    for told in [
        "the caster has no mountpoint NEAR0: did you mean NEAR00?",
        "the caster says HTTP/1.1 404 Not Found; check the url's last part",
        "closed before any correction: is the mountpoint on air, and is the account in use",
        "closed without an answer: is this the port of a caster?",
        ": is the caster up, and is this its port?",
    ] {
        assert!(log.contains(told), "{told}\n{log}");
    }
}

#[test]
fn a_password_that_is_not_there_is_an_error() {
    let live = "adapter = \"nmea\"\ntcp = \"127.0.0.1:1\"\nntrip = { url = \"http://127.0.0.1/M\", user = \"me\", password_env = \"WAYFIX_NOT_THERE\" }";
    let run = refused("live-password", "", &satellites(live), &[]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains(
            "source.tag.live: ntrip.password_env: the environment has no WAYFIX_NOT_THERE"
        ),
        "{}",
        run.stderr
    );
}
