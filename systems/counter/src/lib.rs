#![doc = include_str!("../README.md")]
//!
//! In reading order: [`record`] is what the file holds; [`Journal`] keeps the file;
//! [`Counters`] are what handlers see of it, and commit in groups; [`router`] is the
//! HTTP face; [`serve`] joins them to a listener; [`HttpClient`] asks. Nothing here
//! knows whether the world is real.

mod bug;
mod client;
mod clock;
mod counters;
mod journal;
pub mod record;
mod router;
mod service;

pub use bug::Bug;
pub use client::{ClientError, HttpClient};
pub use clock::HyperClock;
pub use counters::{Counters, Failed};
pub use journal::{Journal, JournalError};
pub use router::{CounterValue, router};
pub use service::{Options, ServeError, serve};
