use super::*;

fn change(path: &str, value: f64, sigma: f64) -> Change {
    Change {
        path: path.into(),
        value,
        sigma: (sigma > 0.0).then_some(sigma),
        whole: Whole::Vector(vec![0.0; 3]),
    }
}

#[test]
fn comments_order_and_layout_stay() {
    let text = "# A lift.\n[motion]            # how it moves\ndrive = \"tricycle\"\n\
                wheelbase_m = 1.4   # tape\n\n[source.laser]\nkind = \"pose\"\n\
                mount.position_m = [ 1.5, 0.0,  2.0 ] # drawing\n";
    let changes = [
        change("source.laser.mount.position_m[0]", 1.79057, 0.027),
        change("source.laser.mount.position_m[1]", -0.00005, 0.031),
        change("source.laser.mount.rpy_deg[2]", -0.292, 0.82),
        change("motion.wheelbase_m", 1.57612, 0.047),
        change("motion.track_m", 1.1, 0.01),
    ];
    let after = changed(text, &changes).unwrap();
    assert_eq!(
        after,
        "# A lift.\n[motion]            # how it moves\ndrive = \"tricycle\"\n\
         wheelbase_m = 1.576   # tape\ntrack_m = 1.100\n\n[source.laser]\nkind = \"pose\"\n\
         mount.position_m = [ 1.791, 0.0,  2.0 ] # drawing\n\
         mount.rpy_deg = [0.0, 0.0, -0.29]\n"
    );
}

#[test]
fn tables_that_are_not_there_are_made() {
    let changes = [
        change("motion.track_m", 0.5, 0.01),
        change("source.w.tick_bits", 16.0, 0.0),
    ];
    let after = changed("", &changes).unwrap();
    assert_eq!(
        after,
        "[motion]\ntrack_m = 0.500\n\n[source.w]\ntick_bits = 16\n"
    );
    let error = changed("motion = 3\n", &changes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "motion.track_m: motion is not a table or an array of numbers"
    );
}

#[test]
fn inline_tables_are_kept() {
    let text = "source = { laser = { kind = \"pose\", mount = { position_m = [0, 1, 2] } } }\n";
    let changes = [change("source.laser.mount.position_m[1]", 0.5, 0.01)];
    assert_eq!(
        changed(text, &changes).unwrap(),
        "source = { laser = { kind = \"pose\", mount = { position_m = [0, 0.500, 2] } } }\n"
    );
}

#[test]
fn digits_follow_the_sigma() {
    assert_eq!(digits(2.150_95e-6, 3.2e-8), "2.151e-6");
    assert_eq!(digits(1.576_12, 0.047), "1.576");
    assert_eq!(digits(-4.4788, 0.34), "-4.48");
    assert_eq!(digits(1.00342, 2.1e-4), "1.00342");
    assert_eq!(digits(-0.0001, 0.03), "0.0");
    assert_eq!(digits(16.0, 0.0), "16.0");
}

#[test]
fn a_diff_shows_what_changed_and_where() {
    let (before, after) = ("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n");
    assert_eq!(
        diff(before, after),
        "@@ line 2 @@\n-b\n+B\n@@ line 5 @@\n+e\n"
    );
    assert_eq!(diff(before, before), "");
}
#[test]
fn entries_of_lists_are_found_by_their_id() {
    let text = "[grid]\nyaw_deg = 0.0\n\n[[anchor]] # door\nid = \"A.1\"\nposition_m = [1, 2, 3]\n\n\
                [[anchor]]\nid = \"A2\"\nposition_m = [4, 5, 6] # shelf\n\n[datum]\nlat_deg = 1.0\n";
    let anchor = |id: &str| KeyPath::of("anchor").id(id);
    let change = |path: KeyPath, value| Change {
        path,
        value,
        sigma: Some(0.01),
        whole: Whole::Vector(vec![0.0; 3]),
    };
    let changes = [
        change(anchor("A2").key("position_m").index(1), 5.25),
        change(anchor("A2").key("bias_m"), 0.1),
        change(anchor("A3").key("position_m").index(2), 2.5),
    ];
    assert_eq!(
        changed(text, &changes).unwrap(),
        "[grid]\nyaw_deg = 0.0\n\n[[anchor]] # door\nid = \"A.1\"\nposition_m = [1, 2, 3]\n\n\
         [[anchor]]\nid = \"A2\"\nposition_m = [4, 5.250, 6] # shelf\nbias_m = 0.100\n\n\
         [[anchor]]\nid = \"A3\"\nposition_m = [0.0, 0.0, 2.500]\n\n[datum]\nlat_deg = 1.0\n"
    );
    let inline = "beacon = [{ id = \"b\", position_m = [0, 0, 0] }]\n";
    let power = change(KeyPath::of("beacon").id("b").key("power_dbm"), -61.25);
    let after: toml::Table = changed(inline, &[power]).unwrap().parse().unwrap();
    assert_eq!(after["beacon"][0]["power_dbm"].as_float(), Some(-61.25));
    assert_eq!(after["beacon"].as_array().map(Vec::len), Some(1));
}

#[test]
fn elements_of_matrices_are_reached() {
    let unit = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
    let change = Change {
        path: KeyPath::of_source("mag", "soft_iron").index(1).index(0),
        value: 0.05,
        sigma: Some(0.01),
        whole: Whole::Matrix(unit),
    };
    assert_eq!(
        changed("", &[change]).unwrap(),
        "[source.mag]\nsoft_iron = [[1.0, 0.0], [0.050, 1.0]]\n"
    );
}
