#![doc = include_str!("../README.md")]
//!
//! In reading order: [`World`] and [`Stage`] are what a contract runs on; [`Contract`]
//! and [`Break`] are the table of all; [`prove_switches`] shows that each can fail; the
//! contracts themselves stand in one module per topic. How a world is built is no
//! business of this crate.

mod red;
mod stage;
mod table;

pub mod directory;
pub mod file;
pub mod listener;
pub mod name;
pub mod random;
pub mod task;
pub mod tcp;
pub mod time;
pub mod udp;

pub use red::{Breakable, prove_switches, red};
pub use stage::{Host, Main, Part, Remote, Stage, World, check};
pub use table::{Body, Break, Contract, Topic, contracts};
