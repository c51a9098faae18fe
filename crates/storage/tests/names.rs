//! Names over several directories: whatever a crash undoes, a durable file that was
//! only renamed has a name, and what a synced directory says stays.

mod tank;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tank::Tank;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::mix;
use wavetank_storage::{SimStorageProvider, StorageConfiguration};

fn tank() -> Tank {
    Tank::new(StorageConfiguration::default())
}

async fn put(disk: &SimStorageProvider, path: impl AsRef<Path> + Send, bytes: &[u8]) {
    let file = disk.open(path, OpenOptions::create_new()).await.unwrap();
    file.write_all_at(bytes, 0).await.unwrap();
    file.sync_all().await.unwrap();
}

/// Checks where the file, whose name is durable at first, is found after crashes that follow on `code`.
#[track_caller]
fn check<F: Future<Output = ()> + 'static>(code: fn(SimStorageProvider) -> F, expected: &[&str]) {
    let mut tank = tank();
    let mut found = BTreeSet::new();
    for seed in 0..64 {
        tank.begin(seed).does(code);
        let durable: Vec<&str> = ["f", "d/f"].into_iter().filter(|path| tank.durable(path).is_some()).collect();
        assert_eq!(durable.len(), 1, "seed {seed}: it is durable at one name: {durable:?}");
        tank.crash_machine();
        found.insert(files(&mut tank).join(" and "));
    }
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

fn files(tank: &mut Tank) -> Vec<String> {
    let machine = tank.machine;
    let files = tank.world.device(tank.disks, |disks, _| disks.files(machine));
    files.into_iter().map(|(path, _)| path.display().to_string()).collect()
}

async fn with_file_in_directory(disk: &SimStorageProvider) {
    disk.create_dir_all("d").await.unwrap();
    put(disk, "d/f", b"precious").await;
    disk.sync_dir("d").await.unwrap();
    disk.sync_dir("/").await.unwrap();
}

async fn with_file_in_root(disk: &SimStorageProvider) {
    put(disk, "f", b"precious").await;
    disk.sync_dir("/").await.unwrap();
}

async fn move_out_and_remove(disk: &SimStorageProvider) {
    with_file_in_directory(disk).await;
    disk.rename("d/f", "f").await.unwrap();
    disk.remove_dir("d").await.unwrap();
}

async fn move_into_new_and_sync(disk: &SimStorageProvider) {
    with_file_in_root(disk).await;
    disk.create_dir_all("d").await.unwrap();
    disk.rename("f", "d/f").await.unwrap();
    disk.sync_dir("d").await.unwrap();
}

#[test]
fn a_directory_is_not_removed_before_what_was_moved_out_of_it() {
    check(
        |disk| async move {
            move_out_and_remove(&disk).await;
        },
        &["d/f", "f"],
    );
    // The removed directory can no longer be synced, but its removal is, and all that it builds on.
    check(
        |disk| async move {
            move_out_and_remove(&disk).await;
            disk.sync_dir("/").await.unwrap();
        },
        &["f"],
    );
}

#[test]
fn nothing_is_moved_into_a_directory_that_is_lost() {
    check(
        |disk| async move {
            move_into_new_and_sync(&disk).await;
        },
        &["d/f", "f"],
    );
    check(
        |disk| async move {
            move_into_new_and_sync(&disk).await;
            disk.sync_dir("/").await.unwrap();
        },
        &["d/f"],
    );
}

#[test]
fn a_rename_waits_for_the_directory_that_it_goes_to() {
    // Both directories of the rename are synced; that which holds the new one's name is not.
    let mut tank = tank();
    let mut seen = BTreeSet::new();
    for seed in 0..64 {
        tank.begin(seed).does(|disk| async move {
            disk.create_dir_all("a").await.unwrap();
            with_file_in_root(&disk).await;
            disk.create_dir_all("a/new").await.unwrap();
            disk.rename("f", "a/new/f").await.unwrap();
            disk.sync_dir("a/new").await.unwrap();
            disk.sync_dir("/").await.unwrap();
        });
        assert!(tank.durable("f").is_some() && tank.durable("a/new/f").is_none());
        tank.crash_machine();
        let (old, new) = (tank.contents("f").is_some(), tank.contents("a/new/f").is_some());
        assert!(old != new, "seed {seed}: one name, and not both");
        let is_there = tank.does(|disk| async move { disk.exists("a/new").await.unwrap() });
        assert_eq!(new, is_there, "seed {seed}: it waits for that, and for nothing else");
        seen.insert(new);
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn the_sync_of_a_directory_leaves_its_own_name_undecided() {
    // With the directory goes all that was made in it, and without it nothing.
    check(
        |disk| async move {
            with_file_in_root(&disk).await;
            disk.create_dir_all("d").await.unwrap();
            put(&disk, "d/own", b"x").await;
            disk.sync_dir("d").await.unwrap();
        },
        &["d/own and f", "f"],
    );
}

// --- Histories, drawn ------------------------------------------------------------------

const ROOT: u64 = 0;

/// A file or a directory of the model.
#[derive(Debug, Clone)]
struct Node {
    parent: u64,
    name: &'static str,
    is_directory: bool,
    /// Directories that must be synced before its name is durable.
    unsynced: BTreeSet<u64>,
    /// It was durable at a name once, and was only renamed since.
    kept: bool,
}

/// What is where, and what of it a crash must leave.
#[derive(Debug, Default)]
struct Model {
    nodes: BTreeMap<u64, Node>,
    made: u64,
}

impl Model {
    fn path(&self, id: u64) -> String {
        match self.nodes.get(&id) {
            Some(node) => format!("{}/{}", self.path(node.parent), node.name),
            None => String::new(),
        }
    }

    fn at(&self, parent: u64, name: &str) -> Option<u64> {
        self.nodes.iter().find(|(_, node)| node.parent == parent && node.name == name).map(|(id, _)| *id)
    }

    fn directories(&self) -> Vec<u64> {
        let made = self.nodes.iter().filter(|(_, node)| node.is_directory).map(|(id, _)| *id);
        std::iter::once(ROOT).chain(made).collect()
    }

    fn make(&mut self, parent: u64, name: &'static str, is_directory: bool) -> u64 {
        self.made += 1;
        let node = Node { parent, name, is_directory, unsynced: BTreeSet::from([parent]), kept: false };
        self.nodes.insert(self.made, node);
        self.made
    }

    fn rename(&mut self, id: u64, parent: u64, name: &'static str) {
        let both = [self.nodes[&id].parent, parent];
        if let Some(replaced) = self.at(parent, name) {
            self.remove(replaced, &both);
        }
        let node = self.nodes.get_mut(&id).unwrap();
        node.unsynced.extend(both);
        (node.parent, node.name) = (parent, name);
    }

    /// What waits for the sync of a directory that is removed waits for that of those
    /// that know of its removal.
    fn remove(&mut self, id: u64, known_to: &[u64]) {
        let removed = self.nodes.remove(&id).unwrap();
        for node in self.nodes.values_mut() {
            if node.unsynced.remove(&id) {
                node.unsynced.extend(known_to);
                node.unsynced.extend(&removed.unsynced);
            }
        }
    }

    fn sync(&mut self, id: u64) {
        for node in self.nodes.values_mut() {
            node.unsynced.remove(&id);
        }
        let durable: Vec<u64> = self.nodes.keys().copied().filter(|&id| self.is_durable(id)).collect();
        durable.into_iter().for_each(|id| self.nodes.get_mut(&id).unwrap().kept = true);
    }

    fn is_durable(&self, id: u64) -> bool {
        self.nodes.get(&id).is_none_or(|node| node.unsynced.is_empty() && self.is_durable(node.parent))
    }
}

/// One drawn step, on the disk and in the model, where it makes sense.
async fn step(disk: &SimStorageProvider, model: &mut Model, draw: impl Fn(u64, usize) -> usize) {
    let directories = model.directories();
    let directory = directories[draw(0, directories.len())];
    let name = ["a", "b", "c"][draw(1, 3)];
    let (path, there) = (format!("{}/{name}", model.path(directory)), model.at(directory, name));
    let is_directory = there.is_some_and(|id| model.nodes[&id].is_directory);
    match (draw(2, 12), there) {
        (0..2, None) => {
            let id = model.make(directory, name, false);
            put(disk, path, &id.to_le_bytes()).await;
        }
        (2..4, None) => {
            model.make(directory, name, true);
            disk.create_dir_all(path).await.unwrap();
        }
        (0..6, Some(id)) => {
            let target = directories[draw(3, directories.len())];
            let new = ["a", "b", "c"][draw(4, 3)];
            // Whether this may be is another test's business: here both worlds must agree.
            if disk.rename(path, format!("{}/{new}", model.path(target))).await.is_ok()
                && model.at(target, new) != Some(id)
            {
                model.rename(id, target, new);
            }
        }
        (6, Some(id)) if !is_directory => {
            model.remove(id, &[directory]);
            disk.delete(path).await.unwrap();
        }
        (6..9, Some(id)) if is_directory => {
            let removed = disk.remove_dir(path).await;
            if removed.is_ok() {
                model.remove(id, &[directory]);
            }
        }
        (9.., _) => {
            disk.sync_dir(format!("{}/", model.path(directory))).await.unwrap();
            model.sync(directory);
        }
        _ => {}
    }
}

#[test]
fn a_durable_file_that_is_only_renamed_keeps_one_name_in_any_history() {
    let mut tank = tank();
    let (mut kept, mut moved, mut durable) = (0, 0, 0);
    for case in 0..1_500 {
        let model = tank.begin(case).does(move |disk| async move {
            let mut model = Model::default();
            for nth in 0..40 {
                step(&disk, &mut model, |what, below| ((mix(mix(case, nth), what) >> 7) % below as u64) as usize).await;
            }
            model
        });
        for (&id, node) in model.nodes.iter().filter(|(_, node)| !node.is_directory) {
            if model.is_durable(id) {
                let bytes = tank.durable(&model.path(id));
                assert_eq!(bytes, Some(id.to_le_bytes().to_vec()), "case {case}: {node:?} is durable");
            }
        }
        tank.crash_machine();
        let mut names: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for path in files(&mut tank) {
            let path = format!("/{path}");
            let bytes = tank.contents(&path).unwrap();
            names.entry(u64::from_le_bytes(bytes.try_into().unwrap())).or_default().push(path);
        }
        for (id, names) in &names {
            assert_eq!(names.len(), 1, "case {case}: file {id} has more than one name: {names:?}");
        }
        for (&id, node) in model.nodes.iter().filter(|(_, node)| !node.is_directory) {
            let (path, names) = (model.path(id), names.get(&id));
            if node.kept {
                let names = names.unwrap_or_else(|| panic!("case {case}: {path} is gone under every name"));
                kept += 1;
                moved += u32::from(names[0] != path);
            }
            if model.is_durable(id) {
                assert_eq!(names, Some(&vec![path]), "case {case}: its directory was synced");
                durable += 1;
            }
        }
    }
    assert!(moved > 100 && durable > 500 && kept > durable + 100, "{kept} kept, {moved} moved, {durable} durable");
}
