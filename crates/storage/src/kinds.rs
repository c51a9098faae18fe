//! The storage's kinds of fault, for counting and for overriding. Injects nothing.

use wavetank_engine::FaultKind;

/// A sync fails with `EIO`, and what it should have written is marked clean.
pub static SYNC_FAILURE: FaultKind = FaultKind::new(40, "storage.sync-failure");
/// An unsynced write is lost in a machine's crash, all of it.
pub static LOST: FaultKind = FaultKind::new(41, "storage.lost");
/// An unsynced write survives a machine's crash in some of its sectors only.
pub static TORN: FaultKind = FaultKind::new(42, "storage.torn");
/// An unsynced change of a file's size is lost in a machine's crash.
pub static SIZE_LOST: FaultKind = FaultKind::new(43, "storage.size-lost");
/// An unsynced creation, renaming or removal is lost in a machine's crash.
pub static ENTRY_LOST: FaultKind = FaultKind::new(44, "storage.entry-lost");
/// An operation that was under way when its process died did not happen, or only in part.
pub static IN_FLIGHT_LOST: FaultKind = FaultKind::new(45, "storage.in-flight-lost");
/// A disk is slower than configured.
pub static SLOW: FaultKind = FaultKind::new(46, "storage.slow");
/// A disk is replaced by an empty one.
pub static WIPED: FaultKind = FaultKind::new(47, "storage.wiped");

/// All of them.
pub static ALL: [&FaultKind; 8] =
    [&SYNC_FAILURE, &LOST, &TORN, &SIZE_LOST, &ENTRY_LOST, &IN_FLIGHT_LOST, &SLOW, &WIPED];
