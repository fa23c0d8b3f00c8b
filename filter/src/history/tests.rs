use super::*;
use proptest::prelude::*;
use std::vec::Vec;

/// An estimator whose state depends on the order of everything it was fed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Chain(u64);

impl Estimator for Chain {
    type Context = ();
    type Event = u64;
    type Output = u64;
    fn apply(&mut self, (): &(), key: Key, event: &u64) -> u64 {
        self.0 = (self.0 ^ event ^ key.t.0 as u64)
            .wrapping_mul(6364136223846793005)
            .rotate_left(7);
        self.0
    }
}

fn history(horizon_s: f64) -> History<Vec<EventSlot<u64>>, Vec<CheckpointSlot<Chain>>> {
    History::new(std::vec![None; 64], std::vec![None; 8], horizon_s, 4)
}

fn key(t: i64) -> Key {
    Key {
        t: Timestamp(t),
        source: 0,
        content: 0,
    }
}

fn run(order: &[i64]) -> Chain {
    let mut state = Chain::default();
    let mut history = history(1.0);
    for &t in order {
        let _ = history.insert(&mut state, &(), key(t), t as u64 * 3, |_, _| {});
    }
    state
}

proptest! {
    #[test]
    fn any_arrival_order_gives_the_same_state(order in Just((0..30i64).collect::<Vec<_>>()).prop_shuffle()) {
        let sorted: Vec<i64> = (0..30).collect();
        prop_assert_eq!(run(&order), run(&sorted));
    }

    #[test]
    fn shuffling_within_the_horizon_of_a_long_run_changes_nothing(seed in any::<u64>()) {
        // 1000 events 10 ms apart, each delayed by up to 150 ms, horizon 300 ms.
        let mut x = seed;
        let mut order: Vec<(i64, i64)> = (0..1000i64).map(|i| {
            x = x.wrapping_mul(6364136223846793005).wrapping_add(1);
            (i * 10_000_000 + (x >> 33) as i64 % 150_000_000, i * 10_000_000)
        }).collect();
        order.sort_unstable();
        let feed = |order: &mut dyn Iterator<Item = i64>| {
            let mut state = Chain::default();
            let mut history = history(0.3);
            let mut refused = 0;
            for t in order {
                refused += usize::from(
                    history.insert(&mut state, &(), key(t), t as u64, |_, _| {}).is_err());
            }
            (state, refused)
        };
        let (shuffled, refused) = feed(&mut order.iter().map(|o| o.1));
        prop_assert_eq!(refused, 0);
        prop_assert_eq!(shuffled, feed(&mut (0..1000).map(|i| i * 10_000_000)).0);
    }
}

#[test]
fn duplicates_and_late_events_are_refused_and_change_nothing() {
    let mut state = Chain::default();
    let mut history = history(1.0);
    for t in 0..40 {
        history
            .insert(&mut state, &(), key(t * 100_000_000), 7, |_, _| {})
            .unwrap();
    }
    let before = state.clone();
    let mut feed = |t| history.insert(&mut state, &(), key(t), 7, |_, _| {});
    assert_eq!(feed(3_900_000_000), Err(Refused::Duplicate));
    assert_eq!(feed(100), Err(Refused::TooLate));
    assert_eq!(state, before);
}

#[test]
fn a_late_event_is_told_from_those_applied_again() {
    let mut state = Chain::default();
    let mut history = history(1.0);
    for t in [1, 2, 4] {
        history
            .insert(&mut state, &(), key(t), 7, |_, _| {})
            .unwrap();
    }
    let mut own = Vec::new();
    history
        .insert(&mut state, &(), key(3), 7, |new, _| own.push(new))
        .unwrap();
    assert_eq!(own, [false, false, true, false]);
}

#[test]
fn what_is_put_back_goes_on_as_if_nothing_had_happened() {
    // Every third event comes 40 events later, so that rewinds cross the place of each cut.
    let late = |t: &i64| if t % 3 == 0 { t + 40 } else { *t };
    let mut order: Vec<i64> = (0..300).collect();
    order.sort_by_key(late);
    let feed = |state: &mut Chain, history: &mut History<_, _>, t: i64| {
        let mut outputs = Vec::new();
        let refused = history
            .insert(state, &(), key(t * 10_000_000), t as u64, |new, o| {
                outputs.push((new, o));
            })
            .err();
        (refused, outputs)
    };
    for cut in [0, 1, 5, 60, 123, 250] {
        let (mut state, mut history) = (Chain::default(), history(0.3));
        for &t in &order[..cut] {
            feed(&mut state, &mut history, t);
        }
        let mut other = self::history(0.3);
        let events: Vec<(Key, u64)> = history.events().copied().collect();
        let checkpoints: Vec<(Option<Key>, Chain)> = history.checkpoints().cloned().collect();
        other
            .refill::<Chain>(events, checkpoints, history.marks())
            .unwrap();
        let mut again = state.clone();
        for &t in &order[cut..] {
            let expected = feed(&mut state, &mut history, t);
            assert_eq!(feed(&mut again, &mut other, t), expected, "{cut} {t}");
        }
        assert_eq!(again, state);
    }
}

#[test]
fn what_no_history_held_is_not_put_back() {
    let (mut state, mut full) = (Chain::default(), history(0.3));
    for t in 0..100 {
        full.insert(&mut state, &(), key(t * 10_000_000), 7, |_, _| {})
            .unwrap();
    }
    let events: Vec<(Key, u64)> = full.events().copied().collect();
    let checkpoints: Vec<(Option<Key>, Chain)> = full.checkpoints().cloned().collect();
    let refill = |events: &[(Key, u64)], checkpoints: &[(Option<Key>, Chain)]| {
        let events = events.iter().copied();
        history(0.3).refill::<Chain>(events, checkpoints.iter().cloned(), full.marks())
    };
    assert_eq!(refill(&events, &checkpoints), Ok(()));
    let backwards: Vec<(Key, u64)> = events.iter().rev().copied().collect();
    assert_eq!(refill(&backwards, &checkpoints), Err(Misfit));
    assert_eq!(refill(&events, &[]), Err(Misfit));
    assert_eq!(refill(&events, &checkpoints[1..]), Err(Misfit));
    assert_eq!(refill(&events[..3], &checkpoints), Err(Misfit));
}

#[test]
fn full_memory_shortens_the_horizon_and_loses_nothing_new() {
    let mut state = Chain::default();
    let mut history = history(1e9);
    let mut outputs = 0;
    for t in 0..1000 {
        history
            .insert(&mut state, &(), key(t), 7, |_, _| outputs += 1)
            .unwrap();
    }
    assert_eq!(outputs, 1000);
    assert_eq!(
        history.insert(&mut state, &(), key(5), 7, |_, _| {}),
        Err(Refused::TooLate)
    );
}

#[test]
fn memory_grows_with_what_it_holds_and_is_used_again() {
    let slots = |n: usize| std::vec![None; n];
    let mut history: History<Vec<EventSlot<u64>>, Vec<CheckpointSlot<Chain>>> =
        History::new(slots(4), std::vec![None; 8], 1.0, 2);
    let mut state = Chain::default();
    for i in 0..200_i64 {
        let key = key(i * 50_000_000);
        while history.is_short::<Chain>(key.t) {
            let larger = slots(2 * history.room());
            history.enlarge(larger);
        }
        history.insert(&mut state, &(), key, 1, |_, _| {}).unwrap();
    }
    assert_eq!(history.room(), 32);
    let used = history.checkpoints.slots.iter().filter(|c| c.is_some());
    assert!(used.count() <= 8);
    let sorted: Vec<i64> = (0..200).map(|i| i * 50_000_000).collect();
    let fresh = sorted.iter().fold(Chain::default(), |mut chain, t| {
        chain.apply(&(), self::key(*t), &1);
        chain
    });
    assert_eq!(state, fresh);
}
