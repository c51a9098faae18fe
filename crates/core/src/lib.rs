//! What code needs of the world around it, as traits: the same code then runs on
//! tokio in production and inside the tank under test.
//!
//! In reading order: [`Providers`] bundles the rest; [`NetworkProvider`],
//! [`TimeProvider`], [`TaskProvider`], [`RandomProvider`] and
//! [`EntropyProvider`], [`StorageProvider`] are its parts; [`Instant`] is the one
//! value type that all share. [`FileSystem`] is a disk for code that blocks, which only the
//! real world has yet. Then what code needs so that no ambient randomness leaks in:
//! [`select!`], [`collections`], [`watch`]; and a page that says which of tokio's sync types
//! are safe in the tank: [`sync`].
//!
//! No runtime and no I/O is in here.
//!
//! The shortest program, from the crate's README:
#![doc = include_str!("../README.md")]

pub mod collections;
pub mod select;
#[cfg(doc)]
pub mod sync;
pub mod watch;

mod file_system;
mod instant;
mod network;
mod providers;
mod queue;
mod random;
mod storage;
mod task;
mod time;

pub use file_system::{BlockingFile, FileSystem};
pub use instant::{Instant, saturating_nanos};
pub use network::{NetworkProvider, TcpListener, TcpStream, UdpSocket};
pub use providers::{File, Listener, Providers, Sleeping, Stream, Task, TimeoutResult, Udp};
pub use rand_xoshiro::{Xoshiro256PlusPlus, rand_core};
pub use random::{EntropyProvider, RandomProvider};
pub use storage::{DirEntry, EntryKind, OpenOptions, StorageFile, StorageProvider};
pub use task::{JoinError, JoinHandle, TaskProvider, panic_message};
pub use time::{Elapsed, Interval, Sleep, TimeProvider, Timeout};
