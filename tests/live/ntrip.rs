//! Corrections from a small caster reach the receiver over the stream that its positions come by.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::harness::{Live, PATIENCE, refused, tag};
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

#[test]
fn corrections_go_to_the_receiver_and_a_refusal_is_told_once() {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let caster = TcpListener::bind("127.0.0.1:0").unwrap();
    let live = format!(
        "adapter = \"nmea\"\ntcp = \"{}\"\n[source.tag.live.ntrip]\nurl = \"http://{}/NEAR\"\nuser = \"me\"\npassword_env = \"WAYFIX_TEST_CASTER\"\n",
        receiver.local_addr().unwrap(),
        caster.local_addr().unwrap()
    );
    let scratch = Scratch::new("live-ntrip");
    let vehicle = tag(&live)
        .replace("uwb", "gnss")
        .replace("range_sigma_m = 0.05\n", "");
    fs::write(
        scratch.0.join("site.toml"),
        "[datum]\nlat_deg = 59.3\nlon_deg = 18.1\nheight_m = 0\n",
    )
    .unwrap();
    fs::write(scratch.0.join("vehicle.toml"), vehicle).unwrap();
    let live = Live::start_in(scratch, &[], |command| {
        command.env("WAYFIX_TEST_CASTER", "secret");
    });
    let mut device = crate::harness::accept(&receiver);
    device.set_read_timeout(Some(PATIENCE)).unwrap();
    // The first answer is a refusal, the second comes in HTTP's chunks, the third is of the old kind.
    let mut first = crate::harness::accept(&caster);
    let asked = head(&mut first);
    assert!(asked.starts_with("GET /NEAR HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("Authorization: Basic bWU6c2VjcmV0\r\n"),
        "{asked}"
    );
    first
        .write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
        .unwrap();
    drop(first);
    let corrections = [&b"\xD3\x00\x04\x4C\xE0\x00\x80"[..], b"\xED\xED\xD6"];
    for answer in [
        &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..],
        b"ICY 200 OK\r\n\r\n",
    ] {
        let mut stream = crate::harness::accept(&caster);
        head(&mut stream);
        stream.write_all(answer).unwrap();
        for part in corrections {
            if answer.starts_with(b"HTTP") {
                write!(stream, "{:x}\r\n", part.len()).unwrap();
                stream.write_all(part).unwrap();
                stream.write_all(b"\r\n").unwrap();
            } else {
                stream.write_all(part).unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut got = vec![0; corrections.concat().len()];
        device.read_exact(&mut got).unwrap();
        assert_eq!(got, corrections.concat());
    }
    let stopped = live.stop();
    assert_eq!(
        stopped.stderr.matches("check user and password").count(),
        1,
        "{}",
        stopped.stderr
    );
    assert!(!stopped.stderr.contains("secret"));
}

#[test]
fn a_password_that_is_not_there_is_an_error() {
    let live = "adapter = \"nmea\"\ntcp = \"127.0.0.1:1\"\nntrip = { url = \"http://127.0.0.1/M\", user = \"me\", password_env = \"WAYFIX_NOT_THERE\" }";
    let vehicle = tag(live)
        .replace("uwb", "gnss")
        .replace("range_sigma_m = 0.05\n", "");
    let run = refused("live-password", "", &vehicle, &[]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains(
            "source.tag.live: ntrip.password_env: the environment has no WAYFIX_NOT_THERE"
        ),
        "{}",
        run.stderr
    );
}
