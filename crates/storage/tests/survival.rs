//! Random histories against a small reference model: what is read without a crash
//! is what the model holds, and what a crash leaves is in the set of states that the
//! model enumerates by brute force; for small histories every member is reached.

mod tank;

use std::collections::{BTreeMap, BTreeSet};
use tank::Tank;
use wavetank_core::{OpenOptions, StorageFile, StorageProvider};
use wavetank_engine::mix;
use wavetank_storage::StorageConfiguration;

const CASES: u64 = 3_000;
const SECTOR: usize = 512;

/// A file as a model: every state that the cache was in since the last sync.
#[derive(Default, Clone)]
struct Versions(Vec<Vec<u8>>);

impl Versions {
    fn now(&self) -> &[u8] {
        self.0.last().expect("a file begins empty")
    }

    /// The `sector`th sector of each state, as far as `len` bytes of it.
    fn sectors(&self, sector: usize, len: usize) -> impl Iterator<Item = Vec<u8>> {
        self.0.iter().map(move |bytes| {
            let from = (sector * SECTOR).min(bytes.len());
            let mut found = bytes[from..(from + len).min(bytes.len())].to_vec();
            found.resize(len, 0);
            found
        })
    }
}

#[test]
fn every_sector_is_one_that_the_cache_once_held() {
    let mut tank = Tank::new(StorageConfiguration::default());
    let (mut changed, mut mixed) = (0, 0);
    for case in 0..CASES {
        let versions = tank.begin(case).does(move |disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            disk.sync_dir("/").await.unwrap();
            let mut versions = Versions(vec![Vec::new()]);
            for step in 0..12 {
                let draw = |nth: u64, below: u64| (mix(mix(case, step), nth) >> 7) % below;
                let mut bytes = versions.now().to_vec();
                let (at, len) = (draw(0, 9_000) as usize, draw(1, 3_000) as usize + 1);
                let (at, len) = if draw(2, 3) == 0 { (at / 4096 * 4096, 4096) } else { (at, len) };
                match draw(3, 8) {
                    0..5 => {
                        bytes.resize(bytes.len().max(at + len), 0);
                        bytes[at..at + len].fill(step as u8 + 1);
                        file.write_all_at(&vec![step as u8 + 1; len], at as u64).await.unwrap();
                    }
                    5 | 6 => {
                        bytes.resize(at, 0);
                        file.set_len(at as u64).await.unwrap();
                    }
                    _ => {
                        file.sync_all().await.unwrap();
                        versions.0.clear();
                    }
                }
                let mut read = vec![0; 20_000];
                let count = file.read_at(&mut read, 0).await.unwrap();
                assert_eq!(read[..count], bytes, "case {case}, step {step}");
                versions.0.push(bytes);
            }
            versions
        });
        assert_eq!(tank.durable("data").unwrap(), versions.0[0], "case {case}");
        for crash in 0..2 {
            tank.crash_machine();
            let left = tank.contents("data").expect("its name was synced");
            assert!(versions.0.iter().any(|bytes| bytes.len() == left.len()), "case {case}: size {}", left.len());
            for (number, sector) in left.chunks(SECTOR).enumerate() {
                let legal = versions.sectors(number, sector.len()).any(|found| found == sector);
                assert!(legal, "case {case}, crash {crash}: sector {number} was never like that");
            }
            changed += u32::from(left != versions.now());
            mixed += u32::from(!versions.0.contains(&left));
            assert_eq!(tank.durable("data"), Some(left), "what a crash left is durable");
        }
        let left = tank.contents("data").expect("its name was synced").len();
        tank.does(move |disk| async move {
            let file = disk.open("data", OpenOptions::read_write()).await.unwrap();
            file.set_len(left as u64 + 5_000).await.unwrap();
        });
        let grown = tank.contents("data").expect("its name was synced");
        assert!(grown[left..].iter().all(|&byte| byte == 0), "case {case}: nothing lay behind the end");
    }
    assert!(changed > 1_000 && mixed > 300, "crashes that change nothing prove nothing: {changed}, {mixed}");
}

#[test]
fn each_outcome_of_a_small_history_is_reached() {
    let mut tank = Tank::new(StorageConfiguration::default());
    let mut outcomes = BTreeSet::new();
    for seed in 0..2_000 {
        tank.begin(seed).does(|disk| async move {
            let file = disk.open("data", OpenOptions::create_write()).await.unwrap();
            file.write_all_at(&[1; 2 * SECTOR], 0).await.unwrap();
            file.sync_all().await.unwrap();
            disk.sync_dir("/").await.unwrap();
            file.write_all_at(&[2; SECTOR], 0).await.unwrap();
            file.write_all_at(&[3; SECTOR], 0).await.unwrap();
            file.set_len(SECTOR as u64).await.unwrap();
            file.write_all_at(&[4; SECTOR], SECTOR as u64).await.unwrap();
        });
        tank.crash_machine();
        let left = tank.contents("data").unwrap();
        outcomes.insert((left[0], left.len() / SECTOR, left.get(SECTOR).copied()));
    }
    let mut legal = BTreeSet::new();
    for first in [1, 2, 3] {
        // The cut was lost, and all behind it is as it was.
        legal.insert((first, 2, Some(1)));
        // The cut survived; then growing again did not, or did, with and without its bytes.
        legal.extend([(first, 1, None), (first, 2, Some(0)), (first, 2, Some(4))]);
    }
    assert_eq!(outcomes, legal);
}

/// A change of a directory with the files `a`, `b` and `c`.
#[derive(Debug, Clone, Copy)]
enum Change {
    Create(usize),
    Delete(usize),
    Rename(usize, usize),
}

const NAMES: [&str; 3] = ["a", "b", "c"];

/// What each name leads to, by the number of the file.
type Names = BTreeMap<usize, u8>;

/// Applies a change as it happened; what was at its names before and after.
fn apply(names: &mut Names, change: Change, next: &mut u8) -> bool {
    match change {
        Change::Create(name) => {
            if names.contains_key(&name) {
                return false;
            }
            *next += 1;
            names.insert(name, *next);
        }
        Change::Delete(name) => return names.remove(&name).is_some(),
        Change::Rename(from, to) => {
            if from == to {
                return false;
            }
            let Some(file) = names.remove(&from) else { return false };
            names.insert(to, file);
        }
    }
    true
}

fn slots(change: Change) -> Vec<usize> {
    match change {
        Change::Create(name) | Change::Delete(name) => vec![name],
        Change::Rename(from, to) => vec![from, to],
    }
}

/// All states that subsets of the changes give, if what a change builds on survives with it.
fn enumerate(begin: &Names, effects: &[(Change, Names)]) -> BTreeSet<Names> {
    let mut states = BTreeSet::new();
    for subset in 0u32..1 << effects.len() {
        let survives = |nth: usize| subset >> nth & 1 == 1;
        let closed = (0..effects.len()).all(|nth| {
            let mine = slots(effects[nth].0);
            !survives(nth)
                || (0..nth)
                    .all(|other| survives(other) || slots(effects[other].0).iter().all(|slot| !mine.contains(slot)))
        });
        if !closed {
            continue;
        }
        let mut names = begin.clone();
        for (nth, (change, after)) in effects.iter().enumerate() {
            for slot in slots(*change).into_iter().filter(|_| survives(nth)) {
                match after.get(&slot) {
                    Some(&file) => names.insert(slot, file),
                    None => names.remove(&slot),
                };
            }
        }
        states.insert(names);
    }
    states
}

#[test]
fn names_survive_as_any_consistent_subset() {
    let mut tank = Tank::new(StorageConfiguration::default());
    let (mut reached, mut legal) = (0, 0);
    for case in 0..60 {
        let mut states = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for seed in 0..300 {
            let (begin, effects) = tank.begin(mix(case, seed)).does(move |disk| async move {
                let (mut names, mut next) = (Names::new(), 0);
                let (mut begin, mut effects) = (names.clone(), Vec::new());
                for step in 0..9 {
                    let draw = |nth: u64, below: u64| (mix(mix(case, step), nth) >> 7) % below;
                    let (one, other) = (draw(0, 3) as usize, draw(1, 3) as usize);
                    if step == 4 {
                        disk.sync_dir("/").await.unwrap();
                        (begin, effects) = (names.clone(), Vec::new());
                    }
                    let change = match draw(2, 5) {
                        0 | 1 => Change::Create(one),
                        2 => Change::Delete(one),
                        _ => Change::Rename(one, other),
                    };
                    let applies = apply(&mut names, change, &mut next);
                    let result = match change {
                        Change::Create(name) => match disk.open(NAMES[name], OpenOptions::create_new()).await {
                            Ok(file) => {
                                file.write_all_at(&[next], 0).await.unwrap();
                                file.sync_all().await
                            }
                            Err(error) => Err(error),
                        },
                        Change::Delete(name) => disk.delete(NAMES[name]).await,
                        Change::Rename(from, to) => disk.rename(NAMES[from], NAMES[to]).await,
                    };
                    let same_name = matches!(change, Change::Rename(from, to) if from == to);
                    assert_eq!(result.is_ok(), applies || (same_name && names.contains_key(&one)));
                    if applies {
                        effects.push((change, names.clone()));
                    }
                }
                (begin, effects)
            });
            states = enumerate(&begin, &effects);
            tank.crash_machine();
            let left: Names = (0..3)
                .filter_map(|name| Some((name, *tank.contents(NAMES[name])?.first().expect("it was synced"))))
                .collect();
            assert!(states.contains(&left), "case {case}, seed {seed}: {left:?} is none of {states:?}");
            seen.insert(left);
        }
        reached += seen.len();
        legal += states.len();
    }
    assert!(legal > 200, "histories of one outcome prove nothing: {legal}");
    assert!(reached * 100 >= legal * 97, "{reached} of {legal} states were reached");
}
