//! Numbered slots whose generation tells a handle from the next one in its place,
//! and the open files that use them.

use std::path::PathBuf;
use wavetank_engine::Home;

/// Slots by number. Keeps its memory from run to run.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    pub(crate) fn reset(&mut self) {
        self.slots.clear();
        self.free.clear();
    }

    pub(crate) fn insert(&mut self, value: T) -> (u32, u32) {
        match self.free.pop() {
            Some(slot) => {
                let place = &mut self.slots[slot as usize];
                place.1 = Some(value);
                (slot, place.0)
            }
            None => {
                self.slots.push((0, Some(value)));
                (self.slots.len() as u32 - 1, 0)
            }
        }
    }

    /// The value, if it is still the one of that generation.
    #[inline]
    pub(crate) fn get(&mut self, slot: u32, generation: u32) -> Option<&mut T> {
        let place = self.slots.get_mut(slot as usize)?;
        if place.0 == generation { place.1.as_mut() } else { None }
    }

    /// The value of a slot in use.
    pub(crate) fn at(&mut self, slot: u32) -> &mut T {
        self.slots[slot as usize].1.as_mut().expect("the slot is in use")
    }

    pub(crate) fn peek(&self, slot: u32) -> Option<&T> {
        self.slots.get(slot as usize)?.1.as_ref()
    }

    pub(crate) fn remove(&mut self, slot: u32) -> T {
        let place = &mut self.slots[slot as usize];
        place.0 = place.0.wrapping_add(1);
        self.free.push(slot);
        place.1.take().expect("the slot is in use")
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().filter_map(|(_, value)| value.as_mut())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().enumerate().filter_map(|(slot, (_, value))| Some((slot as u32, value.as_ref()?)))
    }
}

/// An open file.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) home: Home,
    pub(crate) volume: u32,
    pub(crate) inode: u32,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) cursor: u64,
    /// Failed syncs of the file that this handle was told of, or is too young to hear of.
    pub(crate) failures: u64,
    /// The path it was opened by, for reports.
    pub(crate) path: PathBuf,
}
