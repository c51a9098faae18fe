//! Contracts of names: directories, renaming, removing.

use crate::Stage;
use std::io::{self, ErrorKind};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{DirEntry, EntryKind, OpenOptions, Providers, StorageFile, StorageProvider};

async fn put<P: Providers>(stage: &Stage<P>, path: &str, contents: &[u8]) {
    let options = OpenOptions::create_write().truncate(true);
    let mut file = stage.a.world.open(path, options).await.expect("nothing is in the way");
    file.write_all(contents).await.expect("the disk has room");
}

async fn get<P: Providers>(stage: &Stage<P>, path: &str) -> Vec<u8> {
    let mut file = stage.a.world.open(path, OpenOptions::read_only()).await.expect("it is there");
    let mut contents = Vec::new();
    file.read_to_end(&mut contents).await.expect("the disk is well");
    contents
}

async fn create_dir<P: Providers>(stage: &Stage<P>, path: &str) {
    stage.a.world.storage().create_dir_all(path).await.expect("nothing is in the way");
}

async fn exists<P: Providers>(stage: &Stage<P>, path: &str) -> bool {
    stage.a.world.storage().exists(path).await.expect("the disk is well")
}

#[track_caller]
fn failed<T>(result: io::Result<T>, kind: ErrorKind) {
    assert_eq!(result.err().map(|error| error.kind()), Some(kind));
}

/// A name exists when it was created, and not otherwise.
pub async fn a_name_exists_when_it_was_created<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"").await;
    create_dir(&stage, "dir").await;
    assert!(exists(&stage, "file").await && exists(&stage, "dir").await);
    assert!(!exists(&stage, "nothing").await && !exists(&stage, "dir/nothing").await);
}

/// A renamed file is at its new name only, and open handles follow it.
pub async fn a_renamed_file_moves<P: Providers>(stage: Stage<P>) {
    put(&stage, "old", b"contents").await;
    create_dir(&stage, "dir").await;
    let open = stage.a.world.open("old", OpenOptions::read_write()).await.expect("it is there");
    stage.a.world.storage().rename("old", "dir/new").await.expect("nothing is in the way");
    assert!(!exists(&stage, "old").await);
    open.write_all_at(b"C", 0).await.expect("a handle outlives its name");
    assert_eq!(get(&stage, "dir/new").await, b"Contents");
}

/// A rename replaces a file, which lives on for those who have it open.
pub async fn a_rename_replaces_a_file<P: Providers>(stage: Stage<P>) {
    put(&stage, "old", b"old contents").await;
    put(&stage, "new", b"new").await;
    let replaced = stage.a.world.open("old", OpenOptions::read_only()).await.expect("it is there");
    stage.a.world.storage().rename("new", "old").await.expect("a file may be replaced");
    assert_eq!(get(&stage, "old").await, b"new");
    assert!(!exists(&stage, "new").await);
    assert_eq!(replaced.size().await.expect("the handle outlives its name"), 12);
}

/// A renamed directory takes its entries along.
pub async fn a_renamed_directory_takes_its_entries_along<P: Providers>(stage: Stage<P>) {
    create_dir(&stage, "old/below").await;
    put(&stage, "old/below/file", b"deep").await;
    stage.a.world.storage().rename("old", "new").await.expect("nothing is in the way");
    assert_eq!(get(&stage, "new/below/file").await, b"deep");
    assert!(!exists(&stage, "old").await);
}

/// A rename of what is not there, or to where no directory is, fails and changes nothing.
pub async fn a_rename_of_nothing_fails<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"kept").await;
    failed(stage.a.world.storage().rename("nothing", "file").await, ErrorKind::NotFound);
    failed(stage.a.world.storage().rename("file", "nowhere/file").await, ErrorKind::NotFound);
    assert_eq!(get(&stage, "file").await, b"kept");
}

/// A rename puts no file over a directory, no directory over a file or over one that is not empty.
pub async fn a_rename_does_not_mix_files_and_directories<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"").await;
    create_dir(&stage, "dir").await;
    create_dir(&stage, "full/below").await;
    let storage = stage.a.world.storage();
    failed(storage.rename("file", "dir").await, ErrorKind::IsADirectory);
    failed(storage.rename("dir", "file").await, ErrorKind::NotADirectory);
    failed(storage.rename("dir", "full").await, ErrorKind::DirectoryNotEmpty);
    storage.rename("full", "dir").await.expect("an empty directory may be replaced");
    assert!(exists(&stage, "dir/below").await);
}

/// A deleted file lives on while it is open, apart from a new one of its name.
pub async fn a_deleted_file_lives_while_it_is_open<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"old").await;
    let mut open = stage.a.world.open("file", OpenOptions::read_only()).await.expect("it is there");
    stage.a.world.storage().delete("file").await.expect("it is there");
    assert!(!exists(&stage, "file").await);
    put(&stage, "file", b"new").await;
    let mut contents = Vec::new();
    open.read_to_end(&mut contents).await.expect("the handle outlives its name");
    assert_eq!(contents, b"old");
    assert_eq!(get(&stage, "file").await, b"new");
}

/// Deleting what is no file fails.
pub async fn deleting_what_is_no_file_fails<P: Providers>(stage: Stage<P>) {
    create_dir(&stage, "dir").await;
    failed(stage.a.world.storage().delete("nothing").await, ErrorKind::NotFound);
    failed(stage.a.world.storage().delete("dir").await, ErrorKind::IsADirectory);
    assert!(exists(&stage, "dir").await);
}

/// Directories are created with those above; one that exists is no error.
pub async fn directories_are_created_with_those_above<P: Providers>(stage: Stage<P>) {
    create_dir(&stage, "one/two/three").await;
    create_dir(&stage, "one/two").await;
    put(&stage, "one/two/three/file", b"deep").await;
    assert!(exists(&stage, "one/two/three/file").await);
}

/// A file in the way of a directory fails its creation.
pub async fn a_file_in_the_way_of_a_directory_fails_it<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"").await;
    failed(stage.a.world.storage().create_dir_all("file").await, ErrorKind::AlreadyExists);
    failed(stage.a.world.storage().create_dir_all("file/below").await, ErrorKind::NotADirectory);
}

/// A directory lists its entries, and no others, sorted by name.
pub async fn a_directory_lists_its_entries_by_name<P: Providers>(stage: Stage<P>) {
    create_dir(&stage, "dir/b").await;
    for name in ["dir/c", "dir/a", "dir/b/deep", "dir/B"] {
        put(&stage, name, b"").await;
    }
    let entry = |path: &str, kind| DirEntry { path: Path::new(path).into(), kind };
    assert_eq!(
        stage.a.world.storage().read_dir("dir").await.expect("it is a directory"),
        [
            entry("dir/B", EntryKind::File),
            entry("dir/a", EntryKind::File),
            entry("dir/b", EntryKind::Dir),
            entry("dir/c", EntryKind::File),
        ]
    );
}

/// Listing what is no directory fails.
pub async fn listing_what_is_no_directory_fails<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"").await;
    failed(stage.a.world.storage().read_dir("nothing").await, ErrorKind::NotFound);
    failed(stage.a.world.storage().read_dir("file").await, ErrorKind::NotADirectory);
}

/// Only an empty directory is removed.
pub async fn only_an_empty_directory_is_removed<P: Providers>(stage: Stage<P>) {
    create_dir(&stage, "dir").await;
    put(&stage, "dir/file", b"").await;
    let storage = stage.a.world.storage();
    failed(storage.remove_dir("dir").await, ErrorKind::DirectoryNotEmpty);
    storage.delete("dir/file").await.expect("it is there");
    storage.remove_dir("dir").await.expect("it is empty");
    assert!(!exists(&stage, "dir").await);
}

/// Removing what is no directory fails.
pub async fn removing_what_is_no_directory_fails<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"").await;
    failed(stage.a.world.storage().remove_dir("nothing").await, ErrorKind::NotFound);
    failed(stage.a.world.storage().remove_dir("file").await, ErrorKind::NotADirectory);
}

/// On a healthy disk syncing a directory succeeds, the root included.
pub async fn a_directory_syncs<P: Providers>(stage: Stage<P>) {
    create_dir(&stage, "dir").await;
    put(&stage, "dir/file", b"").await;
    stage.a.world.storage().sync_dir("dir").await.expect("the disk is well");
    stage.a.world.storage().sync_dir("").await.expect("the root is a directory too");
}

/// Syncing what is no directory fails.
pub async fn syncing_what_is_no_directory_fails<P: Providers>(stage: Stage<P>) {
    put(&stage, "file", b"").await;
    failed(stage.a.world.storage().sync_dir("nothing").await, ErrorKind::NotFound);
    failed(stage.a.world.storage().sync_dir("file").await, ErrorKind::NotADirectory);
}
