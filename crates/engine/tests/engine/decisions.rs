//! Draws by address: repeatable, independent, and overridden one at a time.

use crate::basin::Numbers;
use wavetank_engine::{Address, Choice, Decisions, Domain, Overrides, Ratio, mix, scale};

const WIND: Domain = Domain::new("test.wind");
const RAIN: Domain = Domain::new("test.rain");

fn decisions(seed: u64) -> Decisions {
    Decisions::of(seed)
}

#[test]
fn a_draw_depends_on_seed_and_address_and_on_nothing_else() {
    let (one, other) = (decisions(7), decisions(7));
    let first = one.draw(WIND, 3, 4);
    for nth in 0..100 {
        let _ = one.draw(RAIN, 3, nth);
    }
    assert_eq!(one.draw(WIND, 3, 4), first);
    assert_eq!(other.draw(WIND, 3, 4), first);
    let others = [
        decisions(8).draw(WIND, 3, 4),
        one.draw(RAIN, 3, 4),
        one.draw(WIND, 4, 4),
        one.draw(WIND, 3, 5),
        one.draw(WIND, 4, 3),
    ];
    assert!(others.iter().all(|draw| *draw != first), "{others:?} and {first:?}");
}

/// Of the differences between draws at neighbouring addresses, each bit is set half of the time.
fn check_neighbours(what: &str, draw: impl Fn(u64) -> u64) {
    const DRAWS: u64 = 20_000;
    let mut set = [0_u64; 64];
    let mut ones = [0_u64; 64];
    for nth in 0..DRAWS {
        let (value, difference) = (draw(nth), draw(nth) ^ draw(nth + 1));
        for bit in 0..64 {
            ones[bit] += value >> bit & 1;
            set[bit] += difference >> bit & 1;
        }
    }
    // Ten thousand, give or take six standard deviations of 71.
    for bit in 0..64 {
        assert!(ones[bit].abs_diff(DRAWS / 2) < 430, "{what}: bit {bit} is set {} times", ones[bit]);
        assert!(set[bit].abs_diff(DRAWS / 2) < 430, "{what}: bit {bit} changes {} times", set[bit]);
    }
}

#[test]
fn neighbouring_addresses_and_seeds_draw_independently() {
    let one = decisions(1);
    let draw = |decisions: &Decisions, entity, nth| decisions.draw(WIND, entity, nth).expect("it is not benign");
    check_neighbours("nth", |nth| draw(&one, 5, nth));
    check_neighbours("entity", |entity| draw(&one, entity, 0));
    check_neighbours("seed", |seed| draw(&decisions(seed), 0, 0));
    check_neighbours("entity high", |entity| draw(&one, entity << 40, 3));
}

#[test]
fn an_override_changes_its_own_address_only() {
    let address = Address { domain: WIND.key(), entity: 3, nth: 4 };
    let plain = decisions(7);
    for (choice, expected) in
        [(Choice::Benign, None), (Choice::Draw(42), Some(42)), (Choice::Kept, plain.draw(WIND, 3, 4))]
    {
        let mut overrides = Overrides::new();
        overrides.set(address, choice);
        assert!(!overrides.is_empty());
        assert_eq!(overrides.iter().collect::<Vec<_>>(), [(&address, &choice)]);
        let overridden = Decisions::new(7, overrides);
        assert_eq!(overridden.draw(WIND, 3, 4), expected);
        for (domain, entity, nth) in [(WIND, 3, 5), (WIND, 4, 4), (RAIN, 3, 4)] {
            assert_eq!(overridden.draw(domain, entity, nth), plain.draw(domain, entity, nth));
        }
    }
}

#[test]
fn a_benign_domain_is_benign_but_for_what_is_overridden_by_itself() {
    let mut overrides = Overrides::new();
    overrides.set_domain_benign(WIND);
    let kept = Address { domain: WIND.key(), entity: 0, nth: 0 };
    overrides.set(kept, Choice::Kept);
    overrides.set_in(WIND, 0, 1, Choice::Draw(1));
    let overridden = Decisions::new(7, overrides);
    assert_eq!(overridden.draw(WIND, 0, 0), decisions(7).draw(WIND, 0, 0));
    assert_eq!(overridden.draw(WIND, 0, 1), Some(1));
    for nth in 1..100 {
        assert_eq!(overridden.draw(WIND, nth, nth), None);
        assert!(!overridden.chance(WIND, nth, nth, Ratio::ONE));
        assert_eq!(overridden.within(WIND, nth, nth, 10, 20), 10);
        assert_eq!(overridden.draw(RAIN, nth, nth), decisions(7).draw(RAIN, nth, nth));
    }
}

#[test]
fn chances_keep_to_their_ratio() {
    let one = decisions(3);
    let count = |ratio| (0..100_000).filter(|&nth| one.chance(WIND, 0, nth, ratio)).count();
    assert_eq!(count(Ratio::ZERO), 0);
    assert_eq!(count(Ratio::ONE), 100_000);
    assert!(count(Ratio::new(1, 4)).abs_diff(25_000) < 900);
    assert!(count(Ratio::new(1, 100)).abs_diff(1000) < 200);
}

#[test]
fn ratios_hold_at_their_edges() {
    assert_eq!(Ratio::try_from(1e-12), Ok(Ratio::from_parts(1)), "what is not impossible may happen");
    assert_eq!(Ratio::try_from(0.0), Ok(Ratio::ZERO));
    assert!(!Ratio::ZERO.holds(0));
    assert!(Ratio::ONE.holds(u64::MAX));
    assert!(!Ratio::from_parts((1 << 32) - 1).holds(u64::MAX));
    assert!(Ratio::from_parts(1).holds(u64::from(u32::MAX)));
    assert!(!Ratio::from_parts(1).holds(1 << 32));
    // The smallest probability that can be written is not zero.
    assert_eq!(Ratio::new(1, u32::MAX).parts(), 1);
    assert_eq!(Ratio::new(0, 5), Ratio::ZERO);
    assert_eq!(Ratio::new(5, 5), Ratio::ONE);
    for bad in [-0.1, 1.000_001, f64::NAN, f64::INFINITY] {
        assert!(Ratio::try_from(bad).is_err(), "{bad}");
    }
    assert_eq!(Ratio::try_from(1.0), Ok(Ratio::ONE));
    for (numerator, denominator) in [(2, 1), (0, 0), (1, 0)] {
        assert!(std::panic::catch_unwind(|| Ratio::new(numerator, denominator)).is_err());
    }
    assert!(std::panic::catch_unwind(|| Ratio::from_parts((1 << 32) + 1)).is_err());
}

#[test]
fn a_scaled_draw_stays_within_its_bounds_and_reaches_both() {
    let mut numbers = Numbers::new(9);
    for _ in 0..100_000 {
        let (bits, other_bits) = (numbers.below(64), numbers.below(64));
        let (one, other) = (numbers.any() >> bits, numbers.any() >> other_bits);
        let (low, high) = (one.min(other), one.max(other));
        assert_eq!(scale(0, low, high), low);
        assert_eq!(scale(u64::MAX, low, high), high);
        let value = scale(numbers.any(), low, high);
        assert!((low..=high).contains(&value), "{value} in {low}..={high}");
    }
    assert_eq!(scale(u64::MAX, 0, u64::MAX), u64::MAX);
    assert_eq!(decisions(1).within(WIND, 0, 0, 5, 5), 5);
    assert_eq!(decisions(1).within(WIND, 0, 0, 6, 5), 6);
    let mut seen = [0_u32; 6];
    for nth in 0..6000 {
        seen[decisions(1).within(WIND, 0, nth, 0, 5) as usize] += 1;
    }
    assert!(seen.iter().all(|count| count.abs_diff(1000) < 200), "{seen:?}");
}

#[test]
fn a_name_has_the_same_key_in_every_build() {
    assert_eq!(WIND.name(), "test.wind");
    assert_ne!(WIND.key(), RAIN.key());
    // Recorded overrides hold these numbers: if one changes, they name other runs.
    assert_eq!(Domain::new("engine.schedule").key(), SCHEDULE_KEY);
    assert_eq!(mix(1, 2), MIXED);
}

const SCHEDULE_KEY: u64 = 8_937_695_973_645_033_701;
const MIXED: u64 = 13_280_248_821_645_688_616;
