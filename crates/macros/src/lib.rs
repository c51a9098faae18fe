#![doc = include_str!("../README.md")]
//! # The crate
//!
//! The attribute `wavetank_harness::test`: reads a function and its arguments, writes a
//! test. It runs nothing; what the test calls is in `wavetank_harness`.

mod arguments;
mod expansion;

use proc_macro::TokenStream;

/// Makes a test of an async function: it is the only workload of a simulation that runs
/// over many seeds, and must be green in each.
///
/// The function takes `SimProviders` or `SimContext`, and returns nothing or a `Result`
/// whose error can be printed.
///
/// | argument | meaning |
/// |---|---|
/// | `seeds = N` | the seeds 0 to N - 1; 100 of them if nothing is said |
/// | `seed = S` | this one seed |
///
/// `WAVETANK_SEED` and `WAVETANK_SEEDS` in the environment go before both. Other
/// attributes, such as `#[should_panic]`, are those of the test.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expansion::expand(arguments.into(), item.into()).unwrap_or_else(|error| error.into_compile_error()).into()
}
