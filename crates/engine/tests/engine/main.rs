//! The engine's promises, one module a subject. Everything is seen through the
//! public API; what a promise says stands in `docs/spec/simulation.md`.

mod basin;
mod clocks;
mod crash;
mod decisions;
mod destructors;
mod digest;
mod executor;
mod faults;
mod foreign;
mod hooks;
mod keys;
mod limits;
mod memory;
mod overrides;
mod pause;
mod queue;
mod recycled;
mod sleep;
mod story;
mod streams;
mod tasks;
mod trace;
mod wakers;
