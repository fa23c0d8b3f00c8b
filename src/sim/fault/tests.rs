use wayfix_sensors::Reading;
use wayfix_sensors::sample::{PerWheel, WheelTicks};

use super::*;
use crate::sim::{scenario, simulate};

fn run(name: &str) -> Simulation {
    simulate(scenario::find(name).unwrap(), 4, Some(12.0)).unwrap()
}

fn faulty(name: &str, fault: Fault) -> (Simulation, Simulation) {
    let (before, mut after) = (run(name), run(name));
    apply(&[fault], &mut after, 4);
    (before, after)
}

fn stamps_of(run: &Simulation) -> Vec<i64> {
    let mut stamps: Vec<i64> = run.samples().map(|s| s.t.0).collect();
    stamps.sort_unstable();
    stamps
}

#[test]
fn one_seed_gives_the_same_faults() {
    let faults = [
        Fault::Duplicates(Duplicates {
            share: 0.2,
            within_s: 0.3,
        }),
        Fault::Shuffled(Shuffled { within_s: 0.2 }),
    ];
    let mut runs = [run("hour"), run("hour"), run("hour")];
    for (run, seed) in runs.iter_mut().zip([1, 1, 2]) {
        apply(&faults, run, seed);
    }
    assert_eq!(runs[0].received, runs[1].received);
    assert_ne!(runs[0].received, runs[2].received);
}

#[test]
fn a_network_changes_arrival_and_nothing_else() {
    let late = Fault::Late(Late {
        source: Some("gnss"),
        span: Span::ALL,
        by_s: 0.4,
    });
    for fault in [late, Fault::Shuffled(Shuffled { within_s: 0.3 })] {
        let (before, after) = faulty("hour", fault);
        assert_eq!(stamps_of(&before), stamps_of(&after));
        assert_ne!(before.received, after.received);
        assert!(after.received.is_sorted_by_key(|r| r.t));
    }
    let duplicates = Fault::Duplicates(Duplicates {
        share: 0.2,
        within_s: 0.3,
    });
    let (before, after) = faulty("hour", duplicates);
    let more = after.received.len() as f64 / before.received.len() as f64;
    assert!((more - 1.2).abs() < 0.03, "{more}");
}

#[test]
fn a_silent_source_is_silent_for_its_span_alone() {
    let silence = Silence {
        source: Some("uwb"),
        span: Span::new(4.0, 8.0),
    };
    let (before, after) = faulty("hour", Fault::Silence(silence));
    let lost = before.received.len() - after.received.len();
    assert_eq!(lost, 80);
    assert!(
        after
            .samples()
            .all(|s| { s.source.as_str() != "uwb" || !(4.0..8.0).contains(&s.t.seconds()) })
    );
}

#[test]
fn a_wild_fix_is_off_by_what_was_asked() {
    let wild = WildFix {
        source: "gnss",
        span: Span::from(6.0),
        off_m: [30.0, -10.0],
        sigma_m: 0.02,
    };
    let (_, mut after) = faulty("gnss_yard_wheels", Fault::WildFix(wild));
    let datum = after.site.datum.unwrap();
    let trajectory = after.trajectory.clone();
    for received in after.within("gnss", Span::from(6.0)) {
        let Reading::GnssPosition(fix) = received.sample.reading else {
            continue;
        };
        let p_n = datum.enu(fix.lat_deg, fix.lon_deg, None);
        let lever = nalgebra::Vector3::new(0.2, 0.0, 1.2);
        let truth = trajectory
            .at(received.sample.t.seconds() - 0.05)
            .point_m(lever);
        assert!((p_n.x - truth.x - 30.0).abs() < 0.3, "{p_n}");
        assert!((p_n.y - truth.y + 10.0).abs() < 0.2, "{p_n}");
        assert_eq!(fix.sigma_enu_m.unwrap()[0], 0.02);
    }
}

#[test]
fn counters_of_a_flat_wheel_run_ahead_over_their_end() {
    let mut run = run("aisle_markers_wheels_only");
    let ticks = |n: i64| WheelTicks {
        ticks: PerWheel::new(&[n.rem_euclid(1 << 24)]).unwrap(),
        steering_ticks: None,
    };
    let first = (1 << 24) - 500;
    for (i, received) in run.within("wheels", Span::ALL).enumerate() {
        received.sample.reading = Reading::WheelTicks(ticks(first + 100 * i as i64));
    }
    let flat = Wheel {
        source: "wheels",
        wheel: None,
        span: Span::ALL,
        factor: 1.5,
    };
    apply(&[Fault::Wheel(flat)], &mut run, 1);
    for (i, received) in run.within("wheels", Span::ALL).enumerate() {
        let expected = ticks(first + 150 * i as i64);
        assert_eq!(received.sample.reading, Reading::WheelTicks(expected));
    }
}

#[test]
fn a_moved_anchor_changes_its_own_ranges_by_the_geometry() {
    let moved = MovedAnchor {
        source: "uwb",
        anchor: "A1",
        span: Span::from(5.0),
        by_m: [2.0, 0.0, 0.0],
    };
    let (before, after) = faulty("hour", Fault::MovedAnchor(moved));
    let mut changes = Vec::new();
    for (was, is) in before.samples().zip(after.samples()) {
        let (Reading::Range(was), Reading::Range(now)) = (was.reading, is.reading) else {
            assert_eq!(was, is);
            continue;
        };
        if was != now {
            assert!(was.anchor.as_str() == "A1" && is.t.seconds() >= 5.0);
            changes.push(now.range_m - was.range_m);
        }
    }
    // The vehicle is east of the anchor: two metres nearer, less the slant.
    assert!(changes.len() > 15 && changes.iter().all(|c| (-2.0..-0.5).contains(c)));
}

#[test]
fn swapped_markers_change_places() {
    let swapped = SwappedMarkers {
        markers: ["M3", "M9"],
    };
    let (before, after) = faulty("aisle_markers_wheels_only", Fault::SwappedMarkers(swapped));
    let place = |run: &Simulation, id: &str| {
        let marker = run.site.markers.iter().find(|m| m.id == id).unwrap();
        marker.position_m
    };
    assert_eq!(place(&before, "M3"), place(&after, "M9"));
    assert_eq!(place(&before, "M9"), place(&after, "M3"));
    assert_eq!(place(&before, "M4"), place(&after, "M4"));
}

#[test]
fn a_frozen_unit_repeats_its_last_output() {
    let frozen = Inertial {
        source: "imu",
        span: Span::new(3.0, 5.0),
        trouble: InertialTrouble::Freezes,
    };
    let (before, after) = faulty("hour", Fault::Inertial(frozen));
    let readings = |run: &Simulation| -> Vec<Reading> {
        let inertial = run.samples().filter(|s| s.source.as_str() == "imu");
        let within = inertial.filter(|s| (3.0..5.0).contains(&s.t.seconds()));
        within.map(|s| s.reading).collect()
    };
    let (before, after) = (readings(&before), readings(&after));
    assert_eq!(before.len(), after.len());
    assert!(after.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(before.windows(2).all(|pair| pair[0] != pair[1]));
}
