//! The control server: what it tells, what it takes, and that both leave the recording true.

use crate::harness::{Live, SITE, assert_replays, free_port, refused, send, tag};

#[test]
fn asks_are_answered_and_a_fixpoint_goes_through_the_recording() {
    let port = free_port();
    let vehicle = tag(&format!("adapter = \"line\"\nudp = \"127.0.0.1:{port}\""))
        + "[source.operator]\nkind = \"pose\"\n[source.reader]\nkind = \"portal\"\n";
    let live = Live::start("control", &vehicle, &[]);
    live.ready();
    let (status, health) = live.ask("GET /health", None).unwrap();
    assert_eq!(
        (status, &health["status"]),
        (503, &"no_position".into()),
        "{health:#}"
    );
    assert_eq!(live.ask("GET /estimate", None).unwrap().0, 404);
    assert_eq!(live.ask("GET /", None).unwrap().0, 404);
    send(port, 0, 300, 2);
    live.wait_samples("tag", 300);
    let (status, health) = live.ask("GET /health", None).unwrap();
    assert_eq!(status, 200, "{health:#}");
    let (status, estimate) = live.ask("GET /estimate", None).unwrap();
    assert_eq!(status, 200);
    let x_m = estimate["position_m"][0].as_f64().unwrap();
    let angle: f64 = 0.002 * 299.0;
    assert!(
        (x_m - (10.0 + 6.0 * angle.cos())).abs() < 0.5,
        "{estimate:#}"
    );

    let place = r#"{"position_m": [15.0, 7.7], "sigma_m": 0.5}"#;
    let (status, answer) = live.ask("POST /fixpoint", Some(place)).unwrap();
    assert_eq!(status, 200, "{answer:#}");
    assert_eq!(answer["source"], "operator");
    assert!(
        ["fused", "down_weighted"].contains(&answer["fate"].as_str().unwrap()),
        "{answer:#}"
    );
    let passage = r#"{"portal": "nowhere"}"#;
    let (_, answer) = live.ask("POST /fixpoint", Some(passage)).unwrap();
    assert_eq!(answer["fate"], "unknown_target", "{answer:#}");
    for wrong in ["{}", r#"{"position": [1, 2]}"#, "nonsense"] {
        let (status, answer) = live.ask("POST /fixpoint", Some(wrong)).unwrap();
        assert!(
            (400..500).contains(&status) && answer["error"].is_string(),
            "{status} {answer:#}"
        );
    }
    // A page of a stranger could post this.
    assert_eq!(live.ask("POST /reset", None).unwrap().0, 415);
    send(port, 300, 50, 2);
    live.wait_samples("tag", 350);
    let stopped = live.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
    let reports = std::fs::read_to_string(stopped.scratch.0.join("out/reports.jsonl")).unwrap();
    assert_eq!(reports.matches("\"operator\"").count(), 1);
}

#[test]
fn a_reset_begins_anew_with_a_recording_of_its_own() {
    let port = free_port();
    let vehicle = tag(&format!("adapter = \"line\"\nudp = \"127.0.0.1:{port}\""));
    let live = Live::start("reset", &vehicle, &[]);
    live.ready();
    send(port, 0, 200, 2);
    live.wait_samples("tag", 200);
    let (status, answer) = live.ask("POST /reset", Some("{}")).unwrap();
    assert_eq!(
        (status, &answer["reset"]),
        (200, &true.into()),
        "{answer:#}"
    );
    assert_eq!(
        live.ask("GET /estimate", None).unwrap().0,
        404,
        "it is forgotten"
    );
    send(port, 200, 200, 2);
    live.wait_samples("tag", 400);
    let stopped = live.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
    assert_replays(&stopped.scratch, "out/reset-1", "out/log-reset-1.mcap", &[]);
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let vehicle = tag("adapter = \"line\"\nfile = \"-\"");
    let run = refused("live-taken", SITE, &vehicle, &["--control", &address]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("choose another with --control"),
        "{}",
        run.stderr
    );
}
