//! What the production randomness promises beyond its trait: streams by a seed.

use wavetank_core::RandomProvider;
use wavetank_tokio::TokioRandomProvider;

#[test]
fn a_seed_names_a_stream_which_clones_share() {
    let drawn = |seed| {
        let random = TokioRandomProvider::seeded(seed);
        [random.next_u64(), random.clone().next_u64(), random.next_u64()]
    };
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
    assert_ne!(drawn(7)[0], drawn(7)[1], "a clone goes on where its original was");
}
