//! Every kind of configuration error, by the words it is reported in.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

use wayfix::config::{site_from_str, vehicle_from_str};

fn site(text: &str) -> String {
    site_from_str("site.toml", text)
        .map(|_| ())
        .unwrap_err()
        .to_string()
}

fn vehicle(text: &str) -> String {
    vehicle_from_str("vehicle.toml", text)
        .map(|_| ())
        .unwrap_err()
        .to_string()
}

#[test]
fn empty_files_are_valid() {
    assert!(site_from_str("site.toml", "").is_ok());
    assert!(vehicle_from_str("vehicle.toml", "").is_ok());
}

#[test]
fn syntax_names_the_line() {
    assert_eq!(
        site("name = \"x\"\n[datum\nlat_deg = 1\n"),
        "site.toml:2: not TOML: unclosed table, expected `]`"
    );
    assert!(
        site("name = \"x\"\nname = \"y\"\n").starts_with("site.toml:2: not TOML: duplicate key")
    );
}

#[test]
fn unknown_keys_are_suggested_for() {
    assert_eq!(
        vehicle("[source.uwb]\nkind = \"uwb\"\nrnage_sigma_m = 0.1\n"),
        "vehicle.toml:3: source.uwb.rnage_sigma_m: unknown key; did you mean range_sigma_m [m]?"
    );
    assert_eq!(
        site("[[ancor]]\nid = \"A\"\nposition_m = [0, 0, 0]\n"),
        "site.toml:1: ancor: unknown key; did you mean anchor?"
    );
    assert_eq!(site("zzz = 1\n"), "site.toml:1: zzz: unknown key");
}

#[test]
fn a_key_of_another_kind_is_unknown() {
    assert_eq!(
        vehicle("[source.radio]\nkind = \"rssi\"\nrange_sigma_m = 0.1\n"),
        "vehicle.toml:3: source.radio.range_sigma_m: unknown key"
    );
}

#[test]
fn kinds_and_words() {
    assert_eq!(
        vehicle("[source.radio]\nkind = \"ubw\"\n"),
        "vehicle.toml:2: source.radio.kind = \"ubw\": expected one of imu, magnetometer, height, \
         wheels, steering, gnss, uwb, rssi, landmark, camera, portal, pose; did you mean uwb?"
    );
    assert!(
        vehicle("[source.radio]\nrange_sigma_m = 0.1\n")
            .starts_with("vehicle.toml:1: source.radio.kind is missing: expected one of imu, ")
    );
    assert_eq!(
        vehicle("[motion]\ndrive = \"tricicle\"\n"),
        "vehicle.toml:2: motion.drive = \"tricicle\": expected one of free, differential, \
         ackermann, tricycle; did you mean tricycle?"
    );
    assert_eq!(
        vehicle("[source.w]\nkind = \"wheels\"\nwheels = [\"rear_left\", \"rear_rigth\"]\n"),
        "vehicle.toml:3: source.w.wheels[1] = \"rear_rigth\": expected one of rear_left, \
         rear_right, front_left, front_right, front, rear; did you mean rear_right?"
    );
}

#[test]
fn missing_keys_say_what_they_must_be() {
    assert_eq!(
        site("[[anchor]]\nid = \"A\"\n"),
        "site.toml:1: anchor[0].position_m is missing: expected an array of 3, each a finite \
         number [m]"
    );
    assert_eq!(
        vehicle("[source.cam]\nkind = \"camera\"\nfocal_px = [600, 600]\n"),
        "vehicle.toml:1: source.cam.centre_px is missing: expected an array of 2, each a finite \
         number [px]"
    );
}

#[test]
fn types_and_lengths() {
    assert_eq!(
        vehicle("[source.uwb]\nkind = \"uwb\"\nrange_sigma_m = \"0.1 m\"\n"),
        "vehicle.toml:3: source.uwb.range_sigma_m = \"0.1 m\": expected a finite number above 0 [m]"
    );
    assert_eq!(
        site("[[anchor]]\nid = \"A\"\nposition_m = [1, 2]\n"),
        "site.toml:3: anchor[0].position_m = [1, 2]: expected an array of 3, each a finite \
         number [m]"
    );
    assert_eq!(
        vehicle("[source.w]\nkind = \"wheels\"\ntick_bits = 16.5\n"),
        "vehicle.toml:3: source.w.tick_bits = 16.5: expected a whole number at least 1 and at \
         most 64 [bits]"
    );
    assert_eq!(
        site("datum = 3\n"),
        "site.toml:1: datum = 3: expected a table"
    );
    assert_eq!(
        vehicle("[source.imu]\nkind = \"imu\"\nuse_accel = 1\n"),
        "vehicle.toml:3: source.imu.use_accel = 1: expected true or false"
    );
    assert_eq!(
        site("[[floor]]\nid = \"\"\nheight_m = 0\n"),
        "site.toml:2: floor[0].id = \"\": expected a text of 1 to 48 bytes"
    );
}

#[test]
fn ranges_of_numbers() {
    let cases = [
        ("uwb", "range_sigma_m = 0", "a finite number above 0 [m]"),
        ("uwb", "range_sigma_m = -0.1", "a finite number above 0 [m]"),
        ("uwb", "bias_sigma_m = -1", "a finite number at least 0 [m]"),
        ("uwb", "delay_s = nan", "a finite number [s]"),
        ("uwb", "drift_time_s = inf", "a finite number above 0 [s]"),
        (
            "uwb",
            "gate.probability = 1",
            "a finite number above 0 and below 1",
        ),
        (
            "uwb",
            "gate.probability = 99.9",
            "a finite number above 0 and below 1",
        ),
        ("uwb", "scale = 0", "a finite number above 0"),
        ("gnss", "sigma_single_m = 0", "a finite number above 0 [m]"),
        (
            "wheels",
            "steering_tick_bits = 0",
            "a whole number at least 1 and at most 64 [bits]",
        ),
        ("steering", "ratio = 0", "a finite number other than 0"),
        (
            "imu",
            "gyro_density_radps_rthz = 0",
            "a finite number above 0 [rad/s/√Hz]",
        ),
        (
            "camera",
            "focal_px = [600, 0]\ncentre_px = [1, 1]",
            "a finite number above 0 [px]",
        ),
    ];
    for (kind, line, expected) in cases {
        let message = vehicle(&format!("[source.s]\nkind = \"{kind}\"\n{line}\n"));
        assert!(
            message.starts_with("vehicle.toml:3: source.s."),
            "{message}"
        );
        assert!(
            message.ends_with(&format!(": expected {expected}")),
            "{message}"
        );
    }
    assert_eq!(
        site("[[marker]]\nid = \"M\"\nposition_m = [0, 0, nan]\nsize_m = 0\n"),
        "site.toml:3: marker[0].position_m[2] = nan: expected a finite number [m]\n\
         site.toml:4: marker[0].size_m = 0: expected a finite number above 0 [m]"
    );
    assert_eq!(
        site("[datum]\nlat_deg = 8.5\nlon_deg = 471.0\n"),
        "site.toml:3: datum.lon_deg = 471.0: expected a finite number at least -180 and at most \
         180 [deg]"
    );
}

#[test]
fn ids_are_unique() {
    let anchor = "[[anchor]]\nid = \"A\"\nposition_m = [0, 0, 0]\n";
    assert_eq!(
        site(&[anchor, anchor].concat()),
        "site.toml:5: anchor[1].id = \"A\": already the id of anchor[0] (line 1)"
    );
}

#[test]
fn values_that_do_not_go_together() {
    assert_eq!(
        vehicle("[motion]\ndrive = \"tricycle\"\n"),
        "vehicle.toml:1: motion.wheelbase_m = 0: expected above 0 [m], because motion.drive = \
         \"tricycle\""
    );
    assert_eq!(
        vehicle(
            "[motion]\ndrive = \"differential\"\n[source.w]\nkind = \"wheels\"\n\
             wheels = [\"rear_left\", \"rear_right\"]\n"
        ),
        "vehicle.toml:1: motion.track_m = 0: expected above 0 [m], because source.w.wheels has a \
         left and a right wheel"
    );
    assert_eq!(
        vehicle("[source.w]\nkind = \"wheels\"\nsteering_rad_per_tick = 0.001\n"),
        "vehicle.toml:1: source.w.metres_per_tick = 0: expected other than 0 [m per count], \
         because source.w.steering_rad_per_tick is given, so the samples are counts"
    );
    assert_eq!(
        vehicle("[source.w]\nkind = \"wheels\"\nwheels = [\"rear\"]\nwheel_scales = [1.0, 1.1]\n"),
        "vehicle.toml:4: source.w.wheel_scales = [1.0, 1.1]: expected one a wheel, because \
         source.w.wheels has 1"
    );
    assert_eq!(
        vehicle("[source.w]\nkind = \"wheels\"\nwheels = [\"rear\", \"rear\"]\n"),
        "vehicle.toml:3: source.w.wheels[1] = \"rear\": expected each wheel once, because the same \
         wheel stands before it"
    );
    assert_eq!(
        vehicle(
            "[source.m]\nkind = \"magnetometer\"\n\
             soft_iron = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]\n"
        ),
        "vehicle.toml:3: source.m.soft_iron = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]: \
         expected an invertible matrix, because its determinant is 0"
    );
}

#[test]
fn all_problems_come_at_once_in_the_order_of_lines() {
    let text = "[motion]\ndrive = \"ackermann\"\n\n[source.uwb]\nkind = \"uwb\"\n\
                range_sigma_m = -1\nmuont.position_m = [0, 0, 1]\n[source.gps]\nkind = \"gps\"\n";
    let message = vehicle(text);
    let lines: Vec<&str> = message
        .lines()
        .map(|l| l.split(':').nth(1).unwrap())
        .collect();
    assert_eq!(lines, ["6", "7", "9"], "{message}");
}

#[test]
fn a_missing_file_is_named() {
    let error = wayfix::config::load_site(std::path::Path::new("/nowhere/site.toml"));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("/nowhere/site.toml: cannot be read: ")
    );
}
