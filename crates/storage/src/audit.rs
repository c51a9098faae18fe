//! Held against what there is: who refers to which inode and which page has an owner, in
//! runs of drawn operations, some given up, crashes and wipes. What survives is not judged here.

use crate::content::Content;
use crate::disks::Disks;
use crate::inode::{Body, Inode};
use crate::pending::{Before, Op};
use crate::volume::{ROOT, Volume};
use crate::{SimStorageFile, SimStorageProvider, StorageConfiguration};
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::{CrashKind, Decisions, EngineConfig, Placement, Ratio, Scope, World, mix};

/// Who refers to an inode.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Referrers {
    names: u32,
    handles: u32,
    mentions: u32,
}

impl Disks {
    /// Asserts that each count is right and nothing is kept that nobody refers to.
    fn audit(&self) {
        for (index, volume) in self.volumes.iter().enumerate().filter(|(_, volume)| volume.live > 0) {
            let found = self.referrers(index as u32, volume);
            for (inode, found) in volume.inodes[..volume.live].iter().zip(found) {
                let told = Referrers { names: inode.names, handles: inode.handles, mentions: inode.mentions };
                assert_eq!(told, found, "{inode:?}");
                assert_eq!(
                    inode.body == Body::Free,
                    found == Referrers::default(),
                    "kept as long as needed: {inode:?}"
                );
                assert_eq!(inode.content.held, inode.content.table.pages(0, u64::MAX).count() as u64);
                let cold = inode.content.table.pages(0, u64::MAX).filter(|(_, cell)| cell.is_cold());
                assert_eq!(inode.content.cold, cold.count() as u64);
            }
            let counts = |inode: &&Inode| inode.names > 0 || inode.handles > 0;
            let used: u64 = volume.inodes[..volume.live].iter().filter(counts).map(|inode| inode.content.held).sum();
            assert_eq!(volume.used, used, "the room that is taken");
        }
        let mut owned = BTreeSet::new();
        let mut count = 0;
        for content in self.volumes.iter().flat_map(|volume| &volume.inodes[..volume.live]).map(|inode| &inode.content)
        {
            let before = owned.len();
            owned.extend(pages_of(content));
            count += pages_of(content).count();
            assert_eq!(owned.len() - before, pages_of(content).count(), "a page has one owner");
        }
        assert_eq!(count, self.pages.len(), "pages that nobody has");
    }

    fn referrers(&self, index: u32, volume: &Volume) -> Vec<Referrers> {
        let mut found = vec![Referrers::default(); volume.live];
        found[ROOT as usize].names = 1;
        for &inode in volume.inodes[..volume.live].iter().flat_map(|inode| inode.entries.values()) {
            found[inode as usize].names += 1;
        }
        for (_, handle) in self.handles.iter().filter(|(_, handle)| handle.volume == index) {
            found[handle.inode as usize].handles += 1;
        }
        let edits = volume.pending.iter().flat_map(|change| &change.edits);
        let mentions = edits.flat_map(|edit| [Some(edit.dir), edit.before, edit.after]).flatten();
        let under_way = self.underway.iter().filter(|(_, underway)| underway.volume == index);
        let asked = under_way.filter_map(|(_, underway)| underway.request.as_ref()?.inode());
        for inode in mentions.chain(asked) {
            found[inode as usize].mentions += 1;
        }
        found
    }
}

fn pages_of(content: &Content) -> impl Iterator<Item = u32> {
    let before = content.pending.ops.iter().filter_map(|op| match *op {
        Op::Data { before: Before::Page(page), .. } => Some(page),
        _ => None,
    });
    let dropped = content.pending.dropped.iter().map(|(_, page)| *page);
    let held = content.table.pages(0, u64::MAX).filter_map(|(_, cell)| cell.page());
    held.chain(before).chain(dropped).map(|page| page.0)
}

const PATHS: [&str; 8] = ["a", "b", "d", "d/a", "d/b", "e", "e/d", "e/d/a"];

/// Does what is drawn, and gives some of it up.
async fn work(disk: SimStorageProvider, seed: u64) {
    let mut files: Vec<SimStorageFile> = Vec::new();
    for step in 0..40 {
        let draw = |nth: u64, below: u64| (mix(mix(seed, step), nth) >> 9) % below;
        let is_given_up = draw(0, 4) == 0;
        let (path, other) = (PATHS[draw(1, 8) as usize], PATHS[draw(2, 8) as usize]);
        match (draw(3, 12), files.last()) {
            (0..3, _) => {
                let options = OpenOptions::create_write().truncate(draw(4, 3) == 0);
                files.extend(until(is_given_up, disk.open(path, options)).await.and_then(Result::ok));
            }
            (3, _) => drop(until(is_given_up, disk.delete(path)).await),
            (4, _) => drop(until(is_given_up, disk.rename(path, other)).await),
            (5, _) => drop(until(is_given_up, disk.create_dir_all(path)).await),
            (6, _) => drop(until(is_given_up, disk.remove_dir(path)).await),
            (7, _) => drop(until(is_given_up, disk.sync_dir(["/", "d", "e"][draw(4, 3) as usize])).await),
            (8, Some(file)) => drop(until(is_given_up, file.sync_all()).await),
            (9, Some(file)) => {
                drop(file.write_at(&vec![1; draw(4, 9_000) as usize], draw(5, 20_000)).await);
                drop(file.set_len(draw(6, 20_000)).await);
            }
            (10, Some(file)) => drop(until(is_given_up, file.read_at(&mut [0; 5_000], draw(4, 9_000))).await),
            _ => drop((draw(4, 2) == 0).then(|| files.pop())),
        }
    }
}

/// Waits for it, or asks once.
async fn until<F: Future>(is_given_up: bool, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    if !is_given_up {
        return Some(future.await);
    }
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[test]
fn whatever_happens_each_inode_and_page_is_kept_as_long_as_somebody_has_it() {
    let config = StorageConfiguration {
        sync_failure_probability: Ratio::new(1, 5),
        capacity: 64 << 12,
        ..StorageConfiguration::default()
    };
    let mut world = World::new();
    let disks = world.add(Disks::new(config));
    let (machine, nodes) = world.kernel(|kernel| {
        let machine = kernel.topology.add_machine("machine", Placement::default());
        (machine, ["one", "other"].map(|name| kernel.topology.add_node(name, machine)))
    });
    for seed in 0..200 {
        world.begin(Decisions::of(seed), &EngineConfig::default(), None);
        let control = world.control();
        for round in 0..6 {
            let draw = |nth: u64, below: u64| (mix(mix(seed, 1_000 + round), nth) >> 9) % below;
            for node in nodes {
                world.enter(|| {
                    let home = control.boot(node);
                    let disk = SimStorageProvider::new(home);
                    drop(control.spawn(home, "work", work(disk, mix(seed, round << 8 | u64::from(node.0)))));
                });
            }
            for slice in 0..4 {
                let until = world.kernel(|kernel| kernel.now()) + draw(slice, 2_000_000);
                world.run(until);
                world.device(disks, |disks, _| disks.audit());
            }
            let crashes: &[(Scope, CrashKind)] = if draw(10, 2) == 0 {
                &[(Scope::Machine(machine), CrashKind::Machine)]
            } else {
                &nodes.map(|node| (Scope::Node(node), CrashKind::Process))
            };
            for &(scope, kind) in crashes {
                world.enter(|| control.crash(scope, kind));
                world.device(disks, |disks, _| disks.audit());
            }
            if crashes.len() == 1 && draw(11, 3) == 0 {
                world.device(disks, |disks, kernel| {
                    disks.wipe(machine, kernel);
                    disks.audit();
                });
            }
        }
        assert!(world.panics().is_empty(), "{:?}", world.panics());
        assert_eq!(world.finish(), [""; 0]);
    }
}
