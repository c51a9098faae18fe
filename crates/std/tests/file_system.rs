//! The promises of `FileSystem` on real files.

#![expect(clippy::disallowed_methods, reason = "the real disk is what is tested")]

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use wavetank_core::{BlockingFile, EntryKind, FileSystem, OpenOptions};
use wavetank_std::StdFileSystem;

/// A file system below a directory that goes away with the test.
struct Temporary(StdFileSystem);

impl Temporary {
    fn new(name: &str) -> Temporary {
        let root = std::env::temp_dir().join(format!("wavetank-std-{name}-{}", std::process::id()));
        let files = StdFileSystem::new(root);
        files.create_dir_all(Path::new("")).expect("the temporary directory can be written to");
        Temporary(files)
    }

    fn put(&self, path: &str, contents: &[u8]) -> Box<dyn BlockingFile> {
        let file = self.0.create(path.as_ref()).expect("nothing is in the way");
        file.write_all_at(contents, 0).expect("the disk has room");
        file
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let file = self.0.open(path.as_ref(), OpenOptions::read_only()).expect("it is there");
        let mut contents = vec![0; file.size().expect("the disk is well") as usize];
        file.read_exact_at(&mut contents, 0).expect("it has this size");
        contents
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(self.0.root());
    }
}

#[track_caller]
fn failed<T>(result: io::Result<T>, kind: ErrorKind) {
    assert_eq!(result.err().map(|error| error.kind()), Some(kind));
}

fn path(path: &str) -> &Path {
    path.as_ref()
}

#[test]
fn opening_keeps_to_its_options() {
    let temporary = Temporary::new("open");
    let files = &temporary.0;
    failed(files.open(path("nothing"), OpenOptions::read_write()), ErrorKind::NotFound);
    failed(files.open(path("file"), OpenOptions::read_only().truncate(true)), ErrorKind::InvalidInput);
    let fresh = OpenOptions { create_new: true, ..OpenOptions::append().truncate(true) };
    failed(files.open(path("file"), fresh), ErrorKind::InvalidInput);
    temporary.put("file", b"old");
    failed(files.create_new(path("file")), ErrorKind::AlreadyExists);
    failed(files.open(path("file/below"), OpenOptions::read_only()), ErrorKind::NotADirectory);
    failed(files.open(path(""), OpenOptions::read_only()), ErrorKind::IsADirectory);
    assert_eq!(temporary.get("file"), b"old");
    assert_eq!(files.create(path("file")).expect("it may be emptied").size().expect("the disk is well"), 0);
}

#[test]
fn bytes_are_where_they_were_written() {
    let temporary = Temporary::new("bytes");
    let file = temporary.put("file", b"01");
    file.write_all_at(b"5", 5).expect("the disk has room");
    assert_eq!(temporary.get("file"), b"01\0\0\x005");
    file.set_len(1).expect("the disk is well");
    file.set_len(3).expect("the disk has room");
    assert_eq!(temporary.get("file"), b"0\0\0");
    assert_eq!(file.read_at(&mut [0; 4], 3).expect("the end is no error"), 0);
    failed(file.read_exact_at(&mut [0; 4], 1), ErrorKind::UnexpectedEof);
    file.sync_data().and_then(|()| file.sync()).expect("the disk is well");
}

#[test]
fn appending_needs_append_mode_and_goes_to_the_end() {
    let temporary = Temporary::new("append");
    failed(temporary.put("file", b"01").append(b"x"), ErrorKind::InvalidInput);
    let file = temporary.0.open(path("file"), OpenOptions::append()).expect("it is there");
    file.append(b"23").expect("the disk has room");
    assert_eq!(file.write_at(b"45", 0).expect("the disk has room"), 2);
    assert_eq!(temporary.get("file"), b"012345");
}

#[test]
fn a_lock_is_held_by_one_handle() {
    let temporary = Temporary::new("lock");
    let (one, other) = (temporary.put("file", b""), temporary.put("file", b""));
    one.try_lock().expect("it is free");
    failed(other.try_lock(), ErrorKind::WouldBlock);
    one.unlock().expect("we hold it");
    other.try_lock().expect("it is free again");
    drop(other);
    one.try_lock().expect("its holder is gone");
}

#[test]
fn names_come_and_go() {
    let temporary = Temporary::new("names");
    let files = &temporary.0;
    files.create_dir_all(path("dir/below")).expect("nothing is in the way");
    temporary.put("dir/b", b"b");
    temporary.put("dir/a", b"a");
    let listed = files.read_dir(path("dir")).expect("it is a directory");
    let listed: Vec<_> = listed.into_iter().map(|entry| (entry.path, entry.kind)).collect();
    let named = |name: &str, kind| (PathBuf::from(name), kind);
    assert_eq!(
        listed,
        [named("dir/a", EntryKind::File), named("dir/b", EntryKind::File), named("dir/below", EntryKind::Dir)]
    );
    files.rename(path("dir/a"), path("dir/b")).expect("a file may be replaced");
    assert_eq!(temporary.get("dir/b"), b"a");
    assert!(!files.exists(path("dir/a")).expect("the disk is well"));
    failed(files.remove(path("dir/a")), ErrorKind::NotFound);
    failed(files.remove(path("dir")), ErrorKind::IsADirectory);
    failed(files.remove_dir(path("dir")), ErrorKind::DirectoryNotEmpty);
    files.remove(path("dir/b")).expect("it is there");
    files.remove_dir(path("dir/below")).expect("it is empty");
    assert_eq!(files.read_dir(path("dir")).expect("it is a directory"), []);
    files.sync_dir(path("dir")).expect("the disk is well");
    failed(files.sync_dir(path("nothing")), ErrorKind::NotFound);
    temporary.put("file", b"");
    failed(files.sync_dir(path("file")), ErrorKind::NotADirectory);
}

#[test]
fn publishing_replaces_across_directories() {
    let temporary = Temporary::new("publish");
    temporary.0.create_dir_all(path("spool")).expect("nothing is in the way");
    temporary.put("state", b"old");
    temporary.put("spool/state", b"new").sync().expect("the disk is well");
    temporary.0.publish(path("spool/state"), path("state")).expect("a file may be replaced");
    assert_eq!(temporary.get("state"), b"new");
    assert!(!temporary.0.exists(path("spool/state")).expect("the disk is well"));
}
