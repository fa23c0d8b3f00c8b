//! What `wayfix check` finds suspicious, by the words it says.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

use wayfix::config::{check, site_from_str, vehicle_from_str};

fn warnings(site: &str, vehicle: &str) -> Vec<String> {
    let site = site_from_str("site.toml", site).unwrap().value;
    let vehicle = vehicle_from_str("vehicle.toml", vehicle).unwrap().value;
    check(&site, &vehicle)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn assert_warns(site: &str, vehicle: &str, expected: &str) {
    let found = warnings(site, vehicle);
    assert!(
        found.iter().any(|warning| warning == expected),
        "{expected}\nnot in {found:#?}"
    );
}

const UWB: &str = "[source.uwb]\nkind = \"uwb\"\n";

fn anchors(positions: &[[f64; 3]]) -> String {
    let one = |(i, p)| format!("[[anchor]]\nid = \"A{i}\"\nposition_m = {p:?}\n");
    positions.iter().enumerate().map(one).collect()
}

#[test]
fn a_sound_pair_raises_nothing() {
    let site = anchors(&[
        [0.0, 0.0, 3.0],
        [20.0, 0.0, 5.0],
        [20.0, 10.0, 2.0],
        [0.0, 10.0, 6.0],
    ]);
    assert_eq!(warnings(&site, UWB), Vec::<String>::new());
}

#[test]
fn mirrors_of_the_anchors() {
    let square = [
        [0.0, 0.0, 3.0],
        [9.0, 0.0, 3.0],
        [9.0, 9.0, 3.0],
        [0.0, 9.0, 3.0],
    ];
    let flat = "anchor: all anchors are at one height: above and below look alike; move some, or \
                give motion.planar_height_m";
    assert_warns(&anchors(&square), UWB, flat);
    let planar = format!("[motion]\nplanar_height_m = 0\n{UWB}");
    assert_eq!(warnings(&anchors(&square), &planar), Vec::<String>::new());
    let wall = [
        [0.0, 0.0, 1.0],
        [9.0, 0.0, 1.0],
        [9.0, 0.0, 6.0],
        [0.0, 0.0, 6.0],
    ];
    assert_warns(
        &anchors(&wall),
        UWB,
        "anchor: all anchors are on one upright plane: its two sides look alike",
    );
    let cases = [
        (
            &square[..1],
            "anchor: a single anchor tells a distance, never a place",
        ),
        (
            &square[..2],
            "anchor: two anchors leave a mirror image across the line between them",
        ),
        (
            &square[..3],
            "anchor: three anchors leave two heights; add a fourth, or give motion.planar_height_m",
        ),
        (
            &[[0.0, 0.0, 3.0], [5.0, 5.0, 3.0], [9.0, 9.0, 3.1]],
            "anchor: all anchors are on one line: the two sides of it look alike",
        ),
    ];
    for (points, expected) in cases {
        assert_warns(&anchors(points), UWB, expected);
    }
}

#[test]
fn places_that_were_not_surveyed() {
    assert_warns(
        &anchors(&[[1.0, 0.0, 3.0], [9.0, 0.0, 5.0], [9.0, 0.0, 5.01]]),
        UWB,
        "anchor[2].position_m: the same place as anchor[1]; was one copied and not surveyed?",
    );
    assert_warns(
        &anchors(&[[1.0, 0.0, 3.0], [0.0, 0.0, 0.0]]),
        UWB,
        "anchor[1].position_m: exactly the origin; was it surveyed?",
    );
    assert_warns(
        &anchors(&[[468_000.0, 5_249_000.0, 3.0]]),
        UWB,
        "anchor[0].position_m: more than 20 km from the origin; projected coordinates (UTM) need \
         their offset taken off",
    );
}

#[test]
fn markers() {
    let marker = |keys: &str| {
        format!("[[marker]]\nid = \"M\"\nposition_m = [1, 1, 6]\nsize_m = 0.4\n{keys}\n")
    };
    let camera = "[source.cam]\nkind = \"camera\"\nfocal_px = [600, 600]\ncentre_px = [320, 240]\n";
    let cases = [
        (
            "sigma_m = 0",
            "marker[0].sigma_m: 0 claims a perfect survey; 0.005 m is a good one",
        ),
        (
            "sigma_m = 2",
            "marker[0].sigma_m: 2 m: not surveyed well enough to be a fixpoint",
        ),
        (
            "",
            "marker[0].rpy_deg: faces up from 6 m; a ceiling marker read from below has roll 180",
        ),
        (
            "rpy_deg = [180, 0, 1.5708]",
            "marker[0].rpy_deg: looks like radians; degrees are expected",
        ),
    ];
    for (keys, expected) in cases {
        assert_warns(&marker(keys), camera, expected);
    }
    assert_eq!(
        warnings(&marker("rpy_deg = [180, 0, 90]"), camera),
        Vec::<String>::new()
    );
}

#[test]
fn zones_and_the_earth() {
    let zone =
        |polygon: &str| format!("[[zone]]\nid = \"Z\"\nkind = \"indoor\"\npolygon_m = {polygon}\n");
    let cases = [
        (
            "[[0, 0], [1, 0]]",
            "2 corners enclose nothing; at least 3 are needed",
        ),
        (
            "[[0, 0], [1, 1], [1, 0], [0, 1]]",
            "the edges after corners 0 and 2 cross",
        ),
        ("[[0, 0], [1, 1], [2, 2]]", "encloses no area"),
    ];
    for (polygon, expected) in cases {
        assert_warns(
            &zone(polygon),
            "",
            &format!("zone[0].polygon_m: {expected}"),
        );
    }
    let earth = "[datum]\nlat_deg = 47\nlon_deg = 8\n[magnetic]\ndeclination_deg = 3\n\
                 inclination_deg = -63\nstrength_ut = 4.8\n";
    assert_warns(
        earth,
        "",
        "magnetic.strength_ut: 4.8 µT; the Earth's field is between 22 and 67 µT",
    );
    assert_warns(
        earth,
        "",
        "magnetic.inclination_deg: down is positive, which it is in the north; the sign does not \
         go with datum.lat_deg",
    );
}

#[test]
fn sources_without_support_and_support_without_sources() {
    let cases = [
        (
            "gnss",
            "datum: missing, so source.s (gnss) cannot be used; give lat_deg, lon_deg and height_m",
        ),
        (
            "magnetometer",
            "magnetic: missing, so source.s (magnetometer) cannot be used; give declination_deg, \
             inclination_deg and strength_ut",
        ),
        (
            "uwb",
            "anchor: missing, so source.s (uwb) cannot be used; list the anchors",
        ),
        (
            "rssi",
            "beacon: missing, so source.s (rssi) cannot be used; list the beacons",
        ),
        (
            "portal",
            "portal: missing, so source.s (portal) cannot be used; list the portals",
        ),
    ];
    for (kind, expected) in cases {
        assert_warns("", &format!("[source.s]\nkind = \"{kind}\"\n"), expected);
    }
    assert_warns(
        "[[portal]]\nid = \"P\"\nposition_m = [0, 0, 0]\nwidth_m = 1\n",
        UWB,
        "source: the site has portal entries, but no source of kind \"portal\" senses them",
    );
}

#[test]
fn vehicles() {
    let imu = "[source.imu]\nkind = \"imu\"\n";
    let cases = [
        (
            "",
            "source: no source is described, so every sample would be refused",
        ),
        (
            imu,
            "start: missing, and no source says where the vehicle is",
        ),
        (
            "[motion]\nside_slip_sigma_mps = 0.1\n",
            "motion.side_slip_sigma_mps: forbids sideways motion although motion.drive = \"free\"; \
             name the drive, or leave it out",
        ),
        (
            "[motion]\ndrive = \"tricycle\"\nwheelbase_m = 1600\n",
            "motion.wheelbase_m: 1600 m; is it in metres?",
        ),
        (
            "[motion]\ndrive = \"differential\"\n[source.uwb]\nkind = \"uwb\"\n",
            "source.uwb.mount.position_m: zero puts the antenna on the floor under the rear axle; \
             measure the lever arm",
        ),
        (
            "[source.uwb]\nkind = \"uwb\"\nrange_sigma_m = 0.001\n",
            "source.uwb.range_sigma_m: 0.001 is unusual; 0.01 to 2 is usual",
        ),
        (
            "[source.uwb]\nkind = \"uwb\"\ndelay_s = 1.5\n",
            "source.uwb.delay_s: 1.5 s is long; is it in seconds?",
        ),
        (
            "[source.uwb]\nkind = \"uwb\"\ndelay_s = 100\n",
            "source.uwb.delay_s: 100 s is beyond estimator.horizon_s = 2: every sample is too late",
        ),
        (
            "[source.uwb]\nkind = \"uwb\"\ngate.probability = 0.5\n",
            "source.uwb.gate.probability: 0.5 refuses 50 % of honest measurements",
        ),
        (
            "[source.uwb]\nkind = \"uwb\"\ngate.tuning = 0.1\n",
            "source.uwb.gate.tuning: 0.1 is unusual; 1 to 100 is usual for this weight",
        ),
        (
            "[source.w]\nkind = \"wheels\"\nsteering_backlash_deg = 20\n",
            "source.w.steering_backlash_deg: 20 deg is a large backlash",
        ),
        (
            "[source.steer]\nkind = \"steering\"\n",
            "source.steer: a steering angle says nothing about this motion.drive",
        ),
        (
            "[source.w]\nkind = \"wheels\"\ntick_bits = 16\n",
            "source.w.metres_per_tick: 0 although tick_bits says that the samples are counts",
        ),
        (
            "[source.gps]\nkind = \"gnss\"\nsigma_fixed_m = 0.45\n",
            "source.gps.sigma_fixed_m: larger than sigma_float_m",
        ),
        (
            "[estimator]\ngravity_mps2 = 1.0\n",
            "estimator.gravity_mps2: 1 m/s² is not on Earth",
        ),
    ];
    for (vehicle, expected) in cases {
        assert_warns("", vehicle, expected);
    }
}
