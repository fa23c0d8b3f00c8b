use super::*;
use crate::config::vehicle_from_str;

fn problems(live: &str) -> String {
    let text = format!("[source.gnss]\nkind = \"gnss\"\n[source.gnss.live]\n{live}\n");
    let loaded = vehicle_from_str("v", &text);
    loaded.err().map(|e| e.to_string()).unwrap_or_default()
}

#[test]
fn one_transport_and_its_companions() {
    for sound in [
        "adapter = \"ubx\"\nserial = \"/dev/ttyACM0\"\nbaud = 9600",
        "adapter = \"nmea\"\nudp = \"0.0.0.0:5000\"\ngroup = \"239.0.0.1\"\nclock = \"receive\"",
        "adapter = \"ubx\"\ntcp = \"receiver:9000\"\noptions = { time = \"utc\" }\nroute = { yaw = \"gnss\" }\n\
         ntrip = { url = \"http://caster:2101/MOUNT\", user = \"me\", password_env = \"NTRIP\" }",
        "adapter = \"json_lines\"\nmqtt = \"broker:1883\"\ntopic = \"a/#\"\nlatency_s = 0.02",
    ] {
        assert_eq!(problems(sound), "", "{sound}");
    }
    for (wrong, word) in [
        ("adapter = \"ubx\"", "no transport: expected exactly one of"),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nfile = \"-\"",
            "tcp and file",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"receiver\"",
            "v:5: source.gnss.live.tcp = \"receiver\": expected host:port",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nbaud = 9600",
            "live.baud = given: expected only with serial",
        ),
        ("adapter = \"ublox\"\ntcp = \"a:1\"", "did you mean `ubx`?"),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\noptions = { tiem = \"utc\" }",
            "unknown field `tiem`",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nroute = { imu = \"other\" }",
            "route.imu = \"other\": expected the name of a source",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nroute = { imo = \"gnss\" }",
            "a kind of reading",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nclock = \"device\"",
            "options.time",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nclock = \"gps\"",
            "one of device, receive, synchronised",
        ),
        ("adapter = \"ubx\"\nserail = \"a\"", "did you mean serial?"),
        ("adapter = \"ubx\"\nmqtt = \"a:1\"", "live.topic = missing"),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nlatency_s = -1",
            "at least 0 [s]",
        ),
        (
            "adapter = \"ubx\"\nudp = \"a:1\"\ngroup = \"10.0.0.1\"",
            "multicast",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nntrip = { url = \"caster\" }",
            "http://HOST:PORT/MOUNTPOINT",
        ),
        (
            "adapter = \"ubx\"\ntcp = \"a:1\"\nntrip = { url = \"http://c/M\", gga_s = -1 }",
            "at least 0 [s]",
        ),
        (
            "adapter = \"ubx\"\nudp = \"a:1\"\nntrip = { url = \"http://c/M\" }",
            "only with serial or tcp",
        ),
    ] {
        let text = problems(wrong);
        assert!(text.contains(word), "{wrong}: {text}");
    }
}

#[test]
fn casters() {
    let caster = Caster::of("http://rtk.example:2102/NEAR").unwrap();
    assert_eq!(
        (caster.address.as_str(), caster.path.as_str()),
        ("rtk.example:2102", "/NEAR")
    );
    assert_eq!(
        Caster::of("http://rtk.example/A").unwrap().address,
        "rtk.example:2101"
    );
    for wrong in [
        "https://a/B",
        "http://a",
        "http://a/",
        "http://:1/B",
        "http://a:b/B",
        "http://a/B C",
    ] {
        assert_eq!(Caster::of(wrong), None, "{wrong}");
    }
}
