//! The book: who wrote, read and ended what, as the test knows it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use wavetank_engine::mix;

/// What one end has done.
#[derive(Debug, Default, Clone)]
pub(crate) struct End {
    pub(crate) machine: u32,
    pub(crate) life: u32,
    pub(crate) written: u64,
    pub(crate) read: u64,
    /// It said that nothing follows: shut down, half dropped or dropped.
    pub(crate) shut: bool,
    /// What reading ended with.
    pub(crate) ended: Option<Result<(), ErrorKind>>,
    /// An error was told at this end.
    pub(crate) failed: bool,
    /// The tasks of this end that have not ended.
    pub(crate) tasks: u32,
    /// Its handle was dropped before all was read.
    pub(crate) quit: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Talk {
    pub(crate) ends: [End; 2],
    pub(crate) accepted: bool,
    pub(crate) connected_at: u128,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) to: Option<SocketAddr>,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) talks: Vec<Talk>,
    /// By machine: which life it is in, when that began, and whether it is up.
    pub(crate) lives: Vec<(u32, u128, bool)>,
    /// Machines that died without a word, by when.
    pub(crate) silent: Vec<(u32, u128)>,
    pub(crate) bound: u64,
    pub(crate) calm: bool,
    pub(crate) has_hostile_faults: bool,
    /// Of datagrams: sent where, in which life of the receiver, received how often.
    pub(crate) grams: BTreeMap<u64, (SocketAddr, usize, u32, bool, u32)>,
    pub(crate) duplicates: bool,
    pub(crate) longest_cut: u64,
    pub(crate) narrow: u64,
    pub(crate) lossy: bool,
}

pub(crate) type Shared = Rc<RefCell<Book>>;

pub(crate) fn byte(talk: u64, side: usize, offset: u64) -> u8 {
    if side == 0 && offset < 8 {
        return talk.to_le_bytes()[offset as usize];
    }
    mix(talk * 2 + side as u64, offset / 8).to_le_bytes()[(offset % 8) as usize]
}
