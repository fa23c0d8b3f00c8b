//! Two hours in one run; `cargo bench --bench soak` is the same for a week.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

#[path = "support/soak.rs"]
mod soak;

#[test]
fn the_second_hour_is_as_good_as_the_first() {
    let mut hours = Vec::new();
    soak::run(1, 7200.0, 3600.0, |told| {
        let soak::Told::Stretch(hour) = told else {
            return;
        };
        let p95_m = hour.errors.horizontal_m.percentile(0.95).unwrap();
        hours.push((p95_m, hour.nees(), hour.least_eigenvalue, hour.jumps));
    });
    let [first, second] = hours[..] else {
        panic!("{hours:?}");
    };
    // Biases have been learned since, and the start is over.
    assert!(second.0 < 1.1 * first.0, "{hours:?}");
    assert!(second.1 < 2.0, "{hours:?}");
    assert!(
        second.2 > 0.1 * first.2.min(1e-6) && second.2 > 0.0,
        "{hours:?}"
    );
    assert_eq!((first.3, second.3), (0, 0), "{hours:?}");
}
