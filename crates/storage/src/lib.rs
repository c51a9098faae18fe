#![doc = include_str!("../README.md")]
//! # The crate
//!
//! Simulated disks and the file systems on them. Knows neither the network nor who
//! decides when a machine crashes.
//!
//! In reading order: [`Disks`] is the device, one file system per machine;
//! [`SimStorageProvider`] and [`SimStorageFile`] are what a process sees of it;
//! [`StorageConfiguration`] says how slow and how hostile it is, [`kinds`] what can
//! go wrong; [`Broken`] names the promises that a test may break.

#[cfg(test)]
mod audit;
mod broken;
mod cache;
mod change;
mod config;
mod content;
mod control;
mod crash;
mod disks;
mod errno;
mod file;
mod handle;
mod inode;
mod landing;
mod names;
mod needs;
mod operation;
mod page;
mod path;
mod pending;
mod provider;
mod scars;
mod survival;
mod table;
mod told;
mod volume;

pub mod kinds;

pub use broken::Broken;
pub use config::{DurationRange, StorageConfigError, StorageConfiguration};
pub use disks::Disks;
pub use file::SimStorageFile;
pub use provider::SimStorageProvider;
