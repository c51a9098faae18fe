#![doc = include_str!("../README.md")]
//! # The crate
//!
//! The deterministic engine: one thread, one queue, and a world of machines whose
//! every choice has an address. It knows no device: the network and the disks are
//! crates of their own.
//!
//! In reading order: [`World`] owns a [`Kernel`] and its [`Device`]s and runs
//! them; [`Queue`] is where time comes from, [`Decisions`] where choices come from;
//! [`Topology`] says who owns what; [`SimTimeProvider`], [`SimTaskProvider`],
//! [`SimRandomProvider`] and [`SimEntropy`] are what a process sees of it;
//! [`Local`] and [`Waiter`] are what a device is built with; [`Digest`], [`Trace`]
//! and [`FaultLog`] are what a run leaves.

mod borrow;
mod broken;
mod choice;
mod clock;
mod closes;
mod config;
mod control;
mod decision;
mod device;
mod digest;
mod fault;
mod few;
mod foreign;
mod generation;
mod here;
mod home;
mod hook;
mod kernel;
mod left;
mod limit;
mod local;
mod node;
mod overrides;
mod pct;
mod process;
mod queue;
mod random;
mod ratio;
mod ready;
mod report;
mod spawn;
mod stage;
mod step;
mod story;
mod tally;
mod task;
mod telling;
mod time;
mod timer;
mod trace;
mod turn;
mod waiter;
mod waking;
mod wheel;
mod world;

pub use broken::Broken;
pub use clock::{Clock, RATE_PPB_MOST, WALL_START_SECONDS};
pub use config::EngineConfig;
pub use control::Control;
pub use decision::{Address, Decisions, Domain, mix, name_key, scale};
pub use device::{CrashKind, Device, Scope};
pub use digest::{Checkpoint, Digest, hash_bytes};
pub use fault::{Atom, FaultKind, FaultLog, KINDS_MOST, Target, kinds};
pub use here::{Here, here};
pub use home::Home;
pub use hook::{BUGGIFY_ACTIVE, KNOB, Publication, Violation};
pub use kernel::{CHANGES, Kernel, SCHEDULE, SELECT, TIES};
pub use limit::{Limit, Limits, Stop};
pub use local::{Key, Local, prefetch};
pub use node::{Machine, MachineId, Node, NodeId, NodeState, Placement, Topology};
pub use overrides::{Choice, Overrides};
pub use queue::{Due, Queue, Ticket};
pub use random::{SimEntropy, SimRandomProvider};
pub use ratio::{NotAProbability, Ratio};
pub use ready::Policy;
pub use report::{SpawnSite, TaskReport};
pub use spawn::{SimJoinHandle, SimTaskProvider};
pub use story::{Mark, Story, StoryEvent, Telling, Value};
pub use tally::{Tallies, Tally};
pub use telling::{is_telling, tell};
pub use time::{SimSleep, SimTimeProvider};
pub use trace::{Event, EventKind, Trace};
pub use waiter::Waiter;
pub use world::{TaskPanic, World};
