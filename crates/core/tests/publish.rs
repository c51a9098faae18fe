//! What is done to make a file's final name durable, and in which order.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use wavetank_core::{BlockingFile, DirEntry, FileSystem, OpenOptions};

/// Writes down which names are changed and which directories are synced, and does nothing.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, what: String) -> io::Result<()> {
        self.0.lock().expect("one thread").push(what);
        Ok(())
    }
}

impl FileSystem for Notes {
    fn open(&self, _: &Path, _: OpenOptions) -> io::Result<Box<dyn BlockingFile>> {
        unreachable!()
    }

    fn exists(&self, _: &Path) -> io::Result<bool> {
        unreachable!()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note(format!("{} becomes {}", from.display(), to.display()))
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        unreachable!()
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        unreachable!()
    }

    fn read_dir(&self, _: &Path) -> io::Result<Vec<DirEntry>> {
        unreachable!()
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        unreachable!()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.note(format!("sync of {:?}", path.display().to_string()))
    }
}

#[track_caller]
fn check(temporary: &str, path: &str, expected: &[&str]) {
    let notes = Notes::default();
    notes.publish(temporary.as_ref(), path.as_ref()).expect("nothing fails here");
    assert_eq!(*notes.0.lock().expect("one thread"), expected);
}

#[test]
fn publishing_syncs_both_directories_after_the_rename() {
    check("spool/new", "data/state", &["spool/new becomes data/state", r#"sync of "data""#, r#"sync of "spool""#]);
    check("spool/new", "state", &["spool/new becomes state", r#"sync of """#, r#"sync of "spool""#]);
}

#[test]
fn publishing_within_one_directory_syncs_it_once() {
    check("data/new", "data/state", &["data/new becomes data/state", r#"sync of "data""#]);
    check("new", "state", &["new becomes state", r#"sync of """#]);
}
