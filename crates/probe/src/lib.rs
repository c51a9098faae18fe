//! Points planted in product code, their catalogue and their coverage; a planted
//! point does nothing until a simulation listens on its thread.
//!
//! Nothing is drawn, judged or reported in here: whoever installs a [`Hook`]
//! decides what a `buggify!` answers and what a violated assertion costs.
//!
//! In reading order: the macros; [`Site`], what each of them plants; [`Hook`], what
//! a simulation implements; [`catalogue()`], every site of the program;
//! [`Coverage`], how often each was hit.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod catalogue;
mod coverage;
mod details;
mod hook;
mod macros;
#[doc(hidden)]
pub mod plant;
mod probability;
mod published;
mod site;

pub use catalogue::{Catalogue, Duplicate, DuplicateSites, catalogue};
pub use coverage::{Count, Coverage};
pub use details::Details;
pub use hook::{Hook, Installed, install, is_simulated};
pub use probability::Probability;
pub use published::Published;
pub use site::{Kind, Site};

/// The macros by their short names.
///
/// [`unreachable!`](crate::unreachable) is missing on purpose: it is called by its
/// path, so that the standard library's stays what it is.
pub mod prelude {
    pub use crate::{always_assert, buggify, buggify_knob, publish, reachable, sometimes_assert};
}
