#![doc = include_str!("../README.md")]
//!
//! In reading order: [`TokioProviders`] bundles the rest, one module each: network,
//! time, tasks, randomness and entropy, storage. No logic of its own stands here, and
//! nothing that knows of a simulation.

mod file;
mod line;
mod network;
mod providers;
mod random;
mod storage;
mod task;
mod time;

pub use file::TokioStorageFile;
pub use network::{TokioNetworkProvider, TokioTcpListener, TokioTcpStream, TokioUdpSocket};
pub use providers::TokioProviders;
pub use random::{OsEntropy, TokioRandomProvider};
pub use storage::TokioStorageProvider;
pub use task::{Joining, TokioJoinHandle, TokioTaskProvider};
pub use time::{TokioSleep, TokioTimeProvider};

/// The guide's chapter on providers, whose code runs as this crate's doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/providers.md")]
struct Guide;
