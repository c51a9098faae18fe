//! A target under `cargo test`: what its trials print, and for whom.

use crate::shell::run;

/// Cargo leaves out a test that lacks a feature, and is green.
#[test]
fn slow_the_line_of_a_trial_has_the_features_that_its_test_requires() {
    let tested = "WAVETANK_SEED=7777777 cargo test --package fixtures --features lake --test featured";
    let again = run(tested).expect(101, &["the lake is deep"]).reproduce_line();
    assert_eq!(
        again,
        "WAVETANK_SEED=7777777 cargo test -p fixtures --test featured --features lake -- --exact featured"
    );
    run(&format!("{again} 2>&1")).expect(101, &["the lake is deep"]);
    let swept = run("cargo xtask sweep featured --seeds 7777776..7777778 --profile dev").expect(1, &["1 RED"]);
    run(&swept.reproduce_line()).expect(1, &["the lake is deep"]);
}

#[test]
fn slow_a_trial_tells_the_logs_of_the_seed_that_it_is_given() {
    let line = "cargo test --package fixtures --test calm -- --exact calm";
    let told = |variables: &str| {
        run(&format!("{variables} {line}")).expect(0, &["1 passed"]).out.contains("answering counted=")
    };
    assert!(told("RUST_LOG=calm=info WAVETANK_SEED=5"));
    assert!(!told("RUST_LOG=calm=info") && !told("WAVETANK_SEED=5"), "nobody asks for them");
}
