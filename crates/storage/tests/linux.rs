//! Random operations on the simulated disk and on the real file system: results,
//! errors with their numbers, and contents agree. Crashes are not compared.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the model is compared with the real disk")]

mod tank;

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tank::Tank;
use wavetank_core::{EntryKind, OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::mix;
use wavetank_storage::{SimStorageFile, SimStorageProvider, StorageConfiguration};

const CASES: u64 = 300;
const STEPS: u64 = 120;
const PATHS: [&str; 19] = [
    "a",
    "b",
    "d",
    "d/a",
    "d/e",
    "d/e/a",
    "d/../b",
    "./a",
    "a/",
    "a/x",
    "d/e/..",
    "e",
    "d/e/",
    "missing/../a",
    "a/.",
    "d/e/.",
    "e/./",
    "missing/.",
    ".",
];

/// What an operation gave, as far as code can tell.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Number(u64),
    Bytes(Vec<u8>),
    Entries(Vec<(PathBuf, EntryKind)>),
    Error(Option<i32>, io::ErrorKind),
}

fn seen<T>(result: io::Result<T>, of: impl FnOnce(T) -> Seen) -> Seen {
    result.map_or_else(|error| Seen::Error(error.raw_os_error(), error.kind()), of)
}

/// An operation, drawn.
#[derive(Debug, Clone, Copy)]
enum Step {
    Open(&'static str, OpenOptions, usize),
    Close(usize),
    Write(usize, u64, usize, u8),
    Read(usize, u64, usize),
    SetLen(usize, u64),
    Size(usize),
    Sync(usize),
    Exists(&'static str),
    Delete(&'static str),
    Rename(&'static str, &'static str),
    CreateDirAll(&'static str),
    RemoveDir(&'static str),
    ReadDir(&'static str),
    SyncDir(&'static str),
}

/// Offsets at the end of the kernel's, which are signed, and beyond.
const FAR: [u64; 3] = [(1 << 63) - 4096, 1 << 63, u64::MAX];

/// Files open at once.
const HANDLES: usize = 3;

fn step(case: u64, nth: u64) -> Step {
    let mut uses = 0;
    let mut draw = |below: u64| {
        uses += 1;
        (mix(mix(case, nth), uses) >> 11) % below
    };
    let path = PATHS[draw(PATHS.len() as u64) as usize];
    let handle = draw(HANDLES as u64) as usize;
    let offset = if draw(4) == 0 { draw(4) * 4096 } else { draw(20_000) };
    let len = if draw(4) == 0 { 4096 * draw(3) } else { draw(6_000) } as usize;
    match draw(32) {
        0..6 => {
            let write = draw(3) > 0;
            let options = OpenOptions {
                read: draw(4) > 0,
                write,
                append: draw(5) == 0,
                truncate: draw(6) == 0,
                create: draw(2) == 0,
                create_new: draw(6) == 0,
            };
            Step::Open(path, options, handle)
        }
        6 => Step::Close(handle),
        7..14 => Step::Write(handle, offset, len, draw(255) as u8 + 1),
        14..18 => Step::Read(handle, if draw(6) == 0 { FAR[draw(3) as usize] } else { offset }, len),
        18..20 => Step::SetLen(handle, offset),
        20 => Step::Size(handle),
        21 => Step::Sync(handle),
        22 => Step::Exists(path),
        23..25 => Step::Delete(path),
        25..28 => Step::Rename(path, PATHS[draw(PATHS.len() as u64) as usize]),
        28 => Step::CreateDirAll(path),
        29 => Step::RemoveDir(path),
        30 => Step::ReadDir(path),
        _ => Step::SyncDir(path),
    }
}

#[derive(Default)]
struct Simulated {
    files: [Option<SimStorageFile>; HANDLES],
}

impl Simulated {
    async fn take(&mut self, disk: &SimStorageProvider, step: Step) -> Seen {
        match step {
            Step::Open(path, options, handle) => {
                let opened = disk.open(path, options).await;
                seen(opened, |file| {
                    self.files[handle] = Some(file);
                    Seen::Nothing
                })
            }
            Step::Close(handle) => {
                self.files[handle] = None;
                Seen::Nothing
            }
            Step::Exists(path) => seen(disk.exists(path).await, |there| Seen::Number(there.into())),
            Step::Delete(path) => seen(disk.delete(path).await, |()| Seen::Nothing),
            Step::Rename(from, to) => seen(disk.rename(from, to).await, |()| Seen::Nothing),
            Step::CreateDirAll(path) => seen(disk.create_dir_all(path).await, |()| Seen::Nothing),
            Step::RemoveDir(path) => seen(disk.remove_dir(path).await, |()| Seen::Nothing),
            Step::SyncDir(path) => seen(disk.sync_dir(path).await, |()| Seen::Nothing),
            Step::ReadDir(path) => seen(disk.read_dir(path).await, |entries| {
                Seen::Entries(entries.into_iter().map(|entry| (entry.path, entry.kind)).collect())
            }),
            Step::Write(handle, ..)
            | Step::Read(handle, ..)
            | Step::SetLen(handle, ..)
            | Step::Size(handle)
            | Step::Sync(handle) => match &self.files[handle] {
                Some(file) => on_simulated(file, step).await,
                None => Seen::Nothing,
            },
        }
    }
}

async fn on_simulated(file: &SimStorageFile, step: Step) -> Seen {
    match step {
        Step::Write(_, offset, len, byte) => {
            seen(file.write_at(&vec![byte; len], offset).await, |count| Seen::Number(count as u64))
        }
        Step::Read(_, offset, len) => {
            let mut bytes = vec![0; len];
            let count = file.read_at(&mut bytes, offset).await;
            seen(count, |count| Seen::Bytes(bytes[..count].to_vec()))
        }
        Step::SetLen(_, size) => seen(file.set_len(size).await, |()| Seen::Nothing),
        Step::Size(_) => seen(file.size().await, Seen::Number),
        _ => seen(file.sync_all().await, |()| Seen::Nothing),
    }
}

struct Real {
    root: PathBuf,
    files: [Option<fs::File>; HANDLES],
}

impl Real {
    fn take(&mut self, step: Step) -> Seen {
        let at = |path: &str| self.root.join(path);
        match step {
            Step::Open(path, options, handle) => {
                let opened = options.validate().and_then(|()| {
                    fs::OpenOptions::new()
                        .read(options.read)
                        .write(options.write)
                        .append(options.append)
                        .truncate(options.truncate)
                        .create(options.create)
                        .create_new(options.create_new)
                        .open(at(path))
                });
                // Our providers refuse to open a directory, for reading too.
                let opened = opened.and_then(|file| {
                    if file.metadata()?.is_dir() { Err(io::Error::from_raw_os_error(21)) } else { Ok(file) }
                });
                seen(opened, |file| {
                    self.files[handle] = Some(file);
                    Seen::Nothing
                })
            }
            Step::Close(handle) => {
                self.files[handle] = None;
                Seen::Nothing
            }
            Step::Exists(path) => seen(at(path).try_exists(), |there| Seen::Number(there.into())),
            Step::Delete(path) => seen(fs::remove_file(at(path)), |()| Seen::Nothing),
            Step::Rename(from, to) => seen(fs::rename(at(from), at(to)), |()| Seen::Nothing),
            Step::CreateDirAll(path) => seen(fs::create_dir_all(at(path)), |()| Seen::Nothing),
            Step::RemoveDir(path) => seen(fs::remove_dir(at(path)), |()| Seen::Nothing),
            Step::SyncDir(path) => seen(fs::read_dir(at(path)), |_| Seen::Nothing),
            Step::ReadDir(path) => seen(list(&at(path), Path::new(path)), Seen::Entries),
            Step::Write(handle, ..)
            | Step::Read(handle, ..)
            | Step::SetLen(handle, ..)
            | Step::Size(handle)
            | Step::Sync(handle) => self.files[handle].as_ref().map_or(Seen::Nothing, |file| on_real(file, step)),
        }
    }
}

fn on_real(file: &fs::File, step: Step) -> Seen {
    match step {
        Step::Write(_, offset, len, byte) => {
            seen(file.write_at(&vec![byte; len], offset), |count| Seen::Number(count as u64))
        }
        Step::Read(_, offset, len) => {
            let mut bytes = vec![0; len];
            seen(file.read_at(&mut bytes, offset), |count| Seen::Bytes(bytes[..count].to_vec()))
        }
        Step::SetLen(_, size) => seen(file.set_len(size), |()| Seen::Nothing),
        Step::Size(_) => seen(file.metadata(), |metadata| Seen::Number(metadata.len())),
        // Syncing the real one would only take time.
        _ => Seen::Nothing,
    }
}

fn list(path: &Path, asked: &Path) -> io::Result<Vec<(PathBuf, EntryKind)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = if entry.file_type()?.is_dir() { EntryKind::Dir } else { EntryKind::File };
        entries.push((asked.join(entry.file_name()), kind));
    }
    entries.sort();
    Ok(entries)
}

#[test]
fn random_operations_agree_with_the_real_file_system() {
    let mut tank = Tank::new(StorageConfiguration::default());
    let base = std::env::temp_dir().join(format!("wavetank-storage-{}", std::process::id()));
    let mut errors = 0;
    for case in 0..CASES {
        fs::create_dir_all(&base).expect("a temporary directory");
        let mut real = Real { root: base.clone(), files: Default::default() };
        errors += tank.begin(case).does(move |disk| async move {
            let mut simulated = Simulated::default();
            let mut errors = 0;
            for nth in 0..STEPS {
                let step = step(case, nth);
                let (expected, got) = (real.take(step), simulated.take(&disk, step).await);
                assert_eq!(got, expected, "case {case}, step {nth}: {step:?}");
                errors += u64::from(matches!(got, Seen::Error(..)));
            }
            errors
        });
        fs::remove_dir_all(&base).expect("it is ours");
    }
    assert!(errors > CASES * 10, "a comparison without errors proves little: {errors}");
}

#[test]
fn long_names_and_ways_up_are_refused_as_linux_does() {
    let long: &'static str = "n".repeat(256).leak();
    let longest: &'static str = "n".repeat(255).leak();
    let paths = [".", "d", "a", "missing", "missing/x"]
        .into_iter()
        .flat_map(|dir| [long, longest, "x/..", ".."].map(|name| &*format!("{dir}/{name}").leak()));
    let base = std::env::temp_dir().join(format!("wavetank-storage-names-{}", std::process::id()));
    for path in paths.filter(|path| *path != "./..") {
        let create = OpenOptions::create_write();
        let steps = [
            Step::CreateDirAll("d/x"),
            Step::Open("a", create, 0),
            Step::Exists(path),
            Step::Open(path, OpenOptions::read_only(), 1),
            Step::Rename("a", path),
            Step::Rename("missing", path),
            Step::Rename(path, "a/x"),
            Step::Rename(path, "b"),
            Step::RemoveDir(path),
            Step::Delete(path),
            Step::ReadDir(path),
            Step::Open(path, create, 1),
            Step::CreateDirAll(path),
            Step::ReadDir("."),
        ];
        fs::create_dir_all(&base).expect("a temporary directory");
        let mut real = Real { root: base.clone(), files: Default::default() };
        Tank::new(StorageConfiguration::default()).begin(1).does(|disk| async move {
            let mut simulated = Simulated::default();
            for step in steps {
                let (expected, got) = (real.take(step), simulated.take(&disk, step).await);
                assert_eq!(got, expected, "{step:?}");
            }
        });
        fs::remove_dir_all(&base).expect("it is ours");
    }
    // As the kernel has it with a path of its own root; ours is longer by its directory's.
    let number = |path: String| {
        let mut tank = Tank::new(StorageConfiguration::default());
        let read = tank.begin(1).does(|disk| async move { disk.open(path, OpenOptions::read_only()).await });
        let error = read.unwrap_err();
        (error.raw_os_error(), error.kind())
    };
    let short = io::Error::from_raw_os_error(2);
    assert_eq!(number("x/".repeat(2_047) + "x"), (Some(2), short.kind()));
    assert_eq!(number("x/".repeat(2_048)).0, Some(36), "it is too long");
    let nul = fs::File::open("a\0b").unwrap_err();
    assert_eq!(number("a\0b".to_string()), (nul.raw_os_error(), nul.kind()));
    let removed =
        Tank::new(StorageConfiguration::default()).begin(1).does(|disk| async move { disk.remove_dir("/").await });
    assert_eq!(removed.unwrap_err().raw_os_error(), Some(16), "the root is in use");
}

#[test]
fn above_the_root_is_the_root() {
    Tank::new(StorageConfiguration::default()).begin(1).does(|disk| async move {
        disk.create_dir_all("../../a/../../b").await.unwrap();
        assert!(disk.exists("b/../../../b").await.unwrap() && disk.exists("a").await.unwrap());
        assert_eq!(disk.read_dir("..").await.unwrap().len(), 2);
    });
}
