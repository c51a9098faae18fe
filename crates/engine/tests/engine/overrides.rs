//! Overrides as data: they come back as they were, and nonsense is refused in words.

use wavetank_engine::{Address, Choice, Decisions, Domain, Overrides};

const CRASH: Domain = Domain::new("node.crash");
const LATENCY: Domain = Domain::new("network.latency");

const FILE: &str = r##"{
  "benign": [
    "network.latency",
    "node.crash"
  ],
  "choices": [
    {
      "domain": "#00000000000000ab",
      "entity": "0x0",
      "nth": 7,
      "choice": "0xffffffffffffffff"
    },
    {
      "domain": "network.latency",
      "entity": "0xffffffffffffffff",
      "nth": 18446744073709551615,
      "choice": "benign"
    },
    {
      "domain": "node.crash",
      "entity": "0x706c616e",
      "nth": 2,
      "choice": "kept"
    }
  ]
}"##;

fn overrides() -> Overrides {
    let mut overrides = Overrides::new();
    overrides.set_domain_benign(LATENCY);
    overrides.set_domain_benign(CRASH);
    overrides.set_in(CRASH, 0x706c_616e, 2, Choice::Kept);
    overrides.set(Address { domain: 0xab, entity: 0, nth: 7 }, Choice::Draw(u64::MAX));
    overrides.set(Address { domain: LATENCY.key(), entity: u64::MAX, nth: u64::MAX }, Choice::Benign);
    overrides
}

#[test]
fn the_file_is_readable_and_stable() {
    assert_eq!(serde_json::to_string_pretty(&overrides()).expect("overrides are JSON"), FILE);
    let back: Overrides = serde_json::from_str(FILE).expect("our own file");
    assert_eq!(back, overrides());
    assert_eq!(back.name_of(CRASH.key()), Some("node.crash"));
    let none: Overrides = serde_json::from_str("{}").expect("no overrides");
    assert!(none.is_empty());
}

fn check_bad(file: &str, hint: &str) {
    let error = serde_json::from_str::<Overrides>(file).expect_err(file).to_string();
    assert!(error.contains(hint), "{file}: {error}");
}

#[test]
fn nonsense_is_refused() {
    let with = |entity: &str, choice: &str| {
        format!(r#"{{"choices": [{{"domain": "a", "entity": "{entity}", "nth": 0, "choice": "{choice}"}}]}}"#)
    };
    serde_json::from_str::<Overrides>(&with("0x2a", "42")).expect("both forms of numbers");
    check_bad(&with("2a", "kept"), "no number");
    check_bad(&with("0x+2a", "kept"), "no number");
    check_bad(&with("+42", "kept"), "no number");
    check_bad(&with("0", "maybe"), "benign, kept, or a number");
    check_bad(r##"{"benign": ["#xyz"]}"##, "no domain");
    check_bad(r##"{"benign": ["#+2a"]}"##, "no domain");
    check_bad(r#"{"benign": [""]}"#, "has a name");
    check_bad(r#"{"begnin": []}"#, "unknown field");
    let one = r#"{"domain": "a", "entity": "1", "nth": 0, "choice": "kept"}"#;
    check_bad(&format!(r#"{{"choices": [{one}, {one}]}}"#), "twice");
}

#[test]
fn a_whole_domain_is_drawn_but_for_single_choices() {
    let mut overrides = Overrides::new();
    overrides.set_domain_benign(CRASH);
    overrides.set_domain_draw(CRASH, 42);
    overrides.set_in(CRASH, 1, 0, Choice::Benign);
    overrides.set_in(CRASH, 2, 0, Choice::Kept);
    let decisions = Decisions::new(7, overrides.clone());
    let drawn = |entity| decisions.draw(CRASH, entity, 0);
    assert_eq!((drawn(0), drawn(1)), (Some(42), None));
    assert_eq!(drawn(2), Decisions::of(7).draw(CRASH, 2, 0), "what is kept is the seed's");
    let json = serde_json::to_string(&overrides).expect("overrides are JSON");
    assert!(json.contains(r#""drawn":{"node.crash":"0x2a"}"#), "{json}");
    let back: Overrides = serde_json::from_str(&json).expect("our own file");
    assert_eq!((&back, back.domain_draw(CRASH), back.is_domain_benign(CRASH)), (&overrides, Some(42), false));
    overrides.clear_domain(CRASH);
    assert_eq!(overrides.domain_draw(CRASH), None);
    check_bad(r#"{"benign": ["node.crash"], "drawn": {"node.crash": "0x2a"}}"#, "benign and drawn");
    let key = format!("#{:016x}", CRASH.key());
    check_bad(&format!(r#"{{"drawn": {{"node.crash": "0x2a", "{key}": "0x2b"}}}}"#), "drawn twice");
}

#[test]
fn what_was_said_last_of_a_whole_domain_counts() {
    let (mut benign, mut drawn) = (Overrides::new(), Overrides::new());
    benign.set_domain_benign(CRASH);
    drawn.set_domain_draw(CRASH, 42);
    let (mut one, mut other) = (drawn.clone(), benign.clone());
    one.set_domain_benign(CRASH);
    other.set_domain_draw(CRASH, 42);
    assert_eq!((&one, &other), (&benign, &drawn));
    assert_ne!(one, other);
    // A draw for a whole domain alone is an override, too.
    assert_eq!((drawn.is_empty(), drawn.len()), (false, 1));
    assert!([drawn.domains(), benign.domains()].iter().all(|said| said.iter().eq([&CRASH.key()])));
    assert_ne!(drawn, Overrides::new());
}

#[test]
fn overrides_are_alike_if_they_do_alike_whatever_they_are_called() {
    let with = |tell: fn(&mut Overrides)| {
        let mut overrides = Overrides::new();
        tell(&mut overrides);
        overrides
    };
    let each = [
        Overrides::new(),
        with(|overrides| overrides.set_domain_benign(CRASH)),
        with(|overrides| overrides.set_domain_draw(CRASH, 1)),
        with(|overrides| overrides.set_domain_draw(CRASH, 2)),
        with(|overrides| overrides.set_in(CRASH, 1, 1, Choice::Benign)),
        with(|overrides| overrides.set_in(CRASH, 1, 1, Choice::Kept)),
    ];
    for (nth, one) in each.iter().enumerate() {
        assert_eq!(each.iter().position(|other| other == one), Some(nth), "{one:?}");
    }
    let unnamed = with(|overrides| overrides.set(Address { domain: CRASH.key(), entity: 1, nth: 1 }, Choice::Benign));
    assert_eq!(unnamed, each[4]);
    let named = serde_json::to_string(&each[4]).expect("overrides are JSON");
    assert!(named.contains("node.crash"), "{named}");
}
