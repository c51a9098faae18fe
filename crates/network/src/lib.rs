#![doc = include_str!("../README.md")]
//! # The crate
//!
//! The simulated network: links, TCP, UDP and names, as a device of the engine.
//!
//! In reading order: [`Fabric`] is the device, [`SimNetworkProvider`] what a process
//! sees of it; [`NetworkConfig`] says how it behaves, [`Broken`] which promise a test
//! breaks, [`kinds`] how its faults are called, [`address_of`] where machines live.
//! Inside, `connection`, `flow` and `acks` hold the state; `handshake`, `confirmation`,
//! `transfer`, `recovery` and `closing` are the life of a connection; `link`, `partition`
//! and `held` are what lies between machines.

mod acks;
mod address;
mod broken;
mod closing;
mod config;
mod confirmation;
mod connection;
mod datagram;
mod fabric;
mod flow;
mod gathered;
mod handshake;
mod held;
pub mod kinds;
mod landing;
mod link;
mod listener;
mod partition;
mod port;
mod provider;
mod recovery;
mod ring;
mod slot;
mod socket;
mod stream;
mod told;
mod transfer;
mod waiters;

pub use address::address_of;
pub use broken::Broken;
pub use config::{NetworkConfig, NetworkConfigError};
pub use fabric::Fabric;
pub use provider::{SimNetworkProvider, SimTcpListener, SimUdpSocket};
pub use stream::{SimReadHalf, SimTcpStream, SimWriteHalf};
