//! Which seeds a process has under way: a small file that it keeps up to date, and
//! that is there when it is not any more. What to make of it is the reader's business.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a thread's slot: whether a seed is under way, which, how many runs are
/// done, how many of them were red.
const SLOT: usize = 32;

/// The writer's side.
pub(crate) struct Underway {
    file: File,
    threads: Vec<Counts>,
}

#[derive(Default)]
struct Counts {
    done: AtomicU64,
    red: AtomicU64,
}

/// The environment variable that tells a target's process where its file is.
const PLACE: &str = "WAVETANK_UNDERWAY";

impl Underway {
    /// Begins anew for so many threads, where whoever started this process wants it. A
    /// file that cannot be written is done without: it helps if something worse happens.
    pub(crate) fn begin(threads: usize) -> Option<Underway> {
        Underway::begin_at(Path::new(&std::env::var_os(PLACE)?), threads)
    }

    fn begin_at(path: &Path, threads: usize) -> Option<Underway> {
        let file = File::create(path).ok()?;
        Some(Underway { file, threads: (0..threads).map(|_| Counts::default()).collect() })
    }

    /// A thread begins a seed.
    pub(crate) fn begins(&self, thread: usize, seed: u64) {
        self.write(thread, Some(seed));
    }

    /// A thread's run has ended.
    pub(crate) fn ended(&self, thread: usize, is_red: bool) {
        let Some(counts) = self.threads.get(thread) else { return };
        counts.done.fetch_add(1, Ordering::Relaxed);
        counts.red.fetch_add(u64::from(is_red), Ordering::Relaxed);
    }

    /// A thread has no seed under way.
    pub(crate) fn rests(&self, thread: usize) {
        self.write(thread, None);
    }

    fn write(&self, thread: usize, seed: Option<u64>) {
        let Some(counts) = self.threads.get(thread) else { return };
        let (done, red) = (counts.done.load(Ordering::Relaxed), counts.red.load(Ordering::Relaxed));
        let mut slot = [0; SLOT];
        for (place, number) in [u64::from(seed.is_some()), seed.unwrap_or(0), done, red].into_iter().enumerate() {
            slot[place * 8..][..8].copy_from_slice(&number.to_le_bytes());
        }
        #[cfg(unix)]
        let _ = std::os::unix::fs::FileExt::write_at(&self.file, &slot, (thread * SLOT) as u64);
    }
}

/// What a process left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// Seeds that were under way, sorted.
    pub(crate) seeds: Vec<u64>,
    /// Runs that were done.
    pub(crate) done: u64,
    /// How many of them were red.
    pub(crate) red: u64,
}

/// A place for such a file, which goes when this does.
pub(crate) struct UnderwayFile {
    path: PathBuf,
}

impl UnderwayFile {
    pub(crate) fn new() -> UnderwayFile {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let nth = MADE.fetch_add(1, Ordering::Relaxed);
        UnderwayFile { path: std::env::temp_dir().join(format!("wavetank-underway-{}-{nth}", std::process::id())) }
    }

    /// Has a process that is to be started use it.
    pub(crate) fn hand_to(&self, command: &mut Command) {
        command.env(PLACE, &self.path);
    }

    pub(crate) fn read(&self) -> Left {
        read(&std::fs::read(&self.path).unwrap_or_default())
    }
}

impl Drop for UnderwayFile {
    fn drop(&mut self) {
        // There may never have been one.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn read(bytes: &[u8]) -> Left {
    let mut left = Left::default();
    for slot in bytes.as_chunks::<SLOT>().0 {
        let [is_under_way, seed, done, red] =
            [0, 1, 2, 3].map(|place| u64::from_le_bytes(slot.as_chunks::<8>().0[place]));
        if is_under_way == 1 {
            left.seeds.push(seed);
        }
        left.done += done;
        left.red += red;
    }
    left.seeds.sort_unstable();
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_there_when_its_writer_is_gone() {
        let file = UnderwayFile::new();
        assert_eq!(file.read(), Left::default());
        let writer = Underway::begin_at(&file.path, 3).expect("there is a folder for such files");
        writer.begins(0, 7);
        writer.ended(0, true);
        writer.begins(0, u64::MAX);
        writer.begins(2, 0);
        writer.begins(1, 5);
        writer.ended(1, false);
        writer.rests(1);
        // More threads than were said are not kept.
        writer.begins(9, 1);
        drop(writer);
        assert_eq!(file.read(), Left { seeds: vec![0, u64::MAX], done: 2, red: 1 });
        let path = file.path.clone();
        drop(file);
        assert!(!path.exists());
    }
}
