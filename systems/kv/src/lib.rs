#![doc = include_str!("../README.md")]
//!
//! In reading order. What is written: [`Command`] and its [`Outcome`], the store and
//! the draft that decides on it. What is kept: changes in frames, the log, the snapshot,
//! the directory that holds both. Who is served: the database that commits in groups,
//! the router, [`serve`]. [`Client`] asks. Nothing here knows whether the world is real.

mod bug;
mod change;
mod client;
mod clock;
mod command;
mod cursor;
mod damage;
mod database;
mod directory;
mod draft;
mod frame;
pub mod limit;
mod log;
mod metrics;
mod precondition;
mod refusal;
mod replies;
mod router;
mod service;
mod snapshot;
mod store;

pub use axum::body::Bytes;
pub use bug::Bug;
pub use client::{Answer, Client, ClientError};
pub use command::{Action, Command, Condition, Outcome};
pub use damage::{Damage, Wrong};
pub use directory::DirectoryError;
pub use refusal::{RefusalBody, Word};
pub use router::{Listed, Listing, Written};
pub use service::{Options, ServeError, serve};
pub use store::Entry;
