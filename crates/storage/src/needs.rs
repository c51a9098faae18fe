//! Which changes of directories stand and fall together: as on a file system that
//! writes its metadata in order, at least where one change is about another. Decides
//! the fate of none, and changes no directory.

use crate::change::Change;
use std::collections::BTreeMap;
use std::ffi::OsStr;

/// Why a change needs an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It changes a name again, moves a directory after another was moved, takes
    /// something out of a directory that the earlier one made, or removes one that the
    /// earlier one put something into or took something out of.
    Builds,
    /// It puts something into a directory that the earlier one made, and that is a
    /// directory itself, or comes from another one.
    Reaches,
    /// It is about nothing but a directory that the earlier one made: without that it
    /// is gone, undone or not.
    Inside,
}

/// A change, by its place among those that are pending, needs an earlier one.
#[derive(Debug)]
struct Need {
    later: usize,
    earlier: usize,
    why: Why,
}

/// What each of some changes needs of those before it.
#[derive(Debug)]
pub(crate) struct Needs {
    changes: usize,
    /// In the order of the later ones.
    needs: Vec<Need>,
}

/// What the changes seen so far have in store for later ones.
#[derive(Default)]
struct Seen<'a> {
    /// The last change of each name.
    names: BTreeMap<(u32, &'a OsStr), usize>,
    /// All changes in each directory.
    within: BTreeMap<u32, Vec<usize>>,
    /// Who made each inode.
    makers: BTreeMap<u32, usize>,
    directory_moved: Option<usize>,
}

impl<'a> Seen<'a> {
    fn needs_of(&self, change: &Change, mut need: impl FnMut(usize, Why)) {
        if change.moves_directory() {
            self.directory_moved.into_iter().for_each(|earlier| need(earlier, Why::Builds));
        }
        let is_inside = change.edits.iter().all(|edit| edit.dir == change.edits[0].dir);
        for edit in &change.edits {
            let named = self.names.get(&(edit.dir, edit.name.as_os_str())).copied();
            named.into_iter().for_each(|earlier| need(earlier, Why::Builds));
            let why = match edit.after {
                None if is_inside => Why::Inside,
                Some(_) if is_inside && !change.directory => Why::Inside,
                Some(_) => Why::Reaches,
                None => Why::Builds,
            };
            let maker = self.makers.get(&edit.dir).copied();
            maker.into_iter().for_each(|earlier| need(earlier, why));
            let removed = edit.before.filter(|&inode| change.edits.iter().all(|other| other.after != Some(inode)));
            let emptied = removed.and_then(|inode| self.within.get(&inode)).into_iter().flatten();
            emptied.for_each(|&earlier| need(earlier, Why::Builds));
        }
    }

    fn add(&mut self, nth: usize, change: &'a Change) {
        if change.moves_directory() {
            self.directory_moved = Some(nth);
        }
        for edit in &change.edits {
            self.names.insert((edit.dir, &edit.name), nth);
            self.within.entry(edit.dir).or_default().push(nth);
        }
        if let [edit] = &change.edits[..] {
            self.makers.extend(edit.after.map(|made| (made, nth)));
        }
    }
}

impl Needs {
    /// What each of `changes`, which are in their order, needs of those before it.
    pub(crate) fn among(changes: &[Change]) -> Needs {
        let (mut seen, mut needs) = (Seen::default(), Vec::new());
        for (later, change) in changes.iter().enumerate() {
            seen.needs_of(change, |earlier, why| needs.push(Need { later, earlier, why }));
            seen.add(later, change);
        }
        Needs { changes: changes.len(), needs }
    }

    /// The changes that are durable with `synced` ones: those, and what they build on.
    ///
    /// The directory that a synced change puts something into need not be: its name is
    /// an entry of the directory above, which has a sync of its own. Of what others
    /// build on, nothing may be missing.
    pub(crate) fn below(&self, synced: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut below: Vec<bool> = (0..self.changes).map(synced).collect();
        let mut built_on = vec![false; self.changes];
        for &Need { later, earlier, why } in self.needs.iter().rev() {
            let follows = match why {
                Why::Builds => below[later],
                Why::Reaches => built_on[later],
                Why::Inside => false,
            };
            below[earlier] |= follows;
            built_on[earlier] |= follows;
        }
        below
    }

    /// The changes that do not survive: each is asked for with whether something that
    /// it needs does not, in which case it must not either.
    pub(crate) fn lost(&self, mut is_lost: impl FnMut(usize, bool) -> bool) -> Vec<bool> {
        self.above(
            |_| true,
            |nth, fallen| {
                let lost = is_lost(nth, fallen);
                assert!(lost || !fallen, "what builds on a lost change is lost");
                lost
            },
        )
    }

    /// The changes that a crash may still undo, when `sure` ones survive as far as
    /// what they need does.
    pub(crate) fn open(&self, sure: &[bool]) -> Vec<bool> {
        self.above(|why| why != Why::Inside, |nth, fallen| fallen || !sure[nth])
    }

    /// Asks for each change with whether something that it needs, by such a reason, is taken.
    fn above(&self, counts: impl Fn(Why) -> bool, mut takes: impl FnMut(usize, bool) -> bool) -> Vec<bool> {
        let mut taken = vec![false; self.changes];
        let mut needs = self.needs.iter().peekable();
        for nth in 0..self.changes {
            let mut fallen = false;
            while let Some(need) = needs.next_if(|need| need.later == nth) {
                fallen |= counts(need.why) && taken[need.earlier];
            }
            taken[nth] = takes(nth, fallen);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Edit;

    const ROOT: u32 = 0;
    const D: u32 = 1;
    const F: u32 = 2;

    fn edit(dir: u32, name: &str, before: Option<u32>, after: Option<u32>) -> Edit {
        Edit { dir, name: name.into(), before, after, synced: false }
    }

    fn change(inode: u32, edits: Vec<Edit>) -> Change {
        Change { nth: 0, entity: 0, order: 0, directory: inode == D, edits }
    }

    fn rename(inode: u32, from: (u32, &str), to: (u32, &str)) -> Change {
        change(inode, vec![edit(to.0, to.1, None, Some(inode)), edit(from.0, from.1, Some(inode), None)])
    }

    fn create(inode: u32, at: (u32, &str)) -> Change {
        change(inode, vec![edit(at.0, at.1, None, Some(inode))])
    }

    fn remove(inode: u32, at: (u32, &str)) -> Change {
        change(inode, vec![edit(at.0, at.1, Some(inode), None)])
    }

    /// Checks what of `changes` is lost with the `lost`th, durable with the `synced`th,
    /// and still open if nothing else is durable.
    #[track_caller]
    fn check(changes: &[Change], (first, lost): (usize, &[bool]), (last, below, open): (usize, &[bool], &[bool])) {
        let needs = Needs::among(changes);
        assert_eq!(needs.lost(|nth, fallen| fallen || nth == first), lost, "lost with {first}");
        let sure = needs.below(|nth| nth == last);
        assert_eq!(sure, below, "durable with {last}");
        assert_eq!(needs.open(&sure), open, "open after {last}");
    }

    #[test]
    fn a_name_is_changed_in_order() {
        let changes = [create(F, (ROOT, "a")), rename(F, (ROOT, "a"), (ROOT, "b")), create(9, (ROOT, "c"))];
        check(&changes, (0, &[true, true, false]), (1, &[true, true, false], &[false, false, true]));
    }

    #[test]
    fn a_directory_is_not_removed_before_what_left_it() {
        let changes = [rename(F, (D, "f"), (ROOT, "f")), remove(D, (ROOT, "d"))];
        check(&changes, (0, &[true, true]), (1, &[true, true], &[false, false]));
        check(&changes, (1, &[false, true]), (0, &[true, false], &[false, true]));
        // Nor is it replaced by another before.
        let replaced = change(7, vec![edit(ROOT, "d", Some(D), Some(7)), edit(ROOT, "e", Some(7), None)]);
        let changes = [remove(F, (D, "f")), replaced];
        check(&changes, (0, &[true, true]), (1, &[true, true], &[false, false]));
    }

    #[test]
    fn a_directory_that_moves_takes_along_what_was_done_in_it() {
        let changes = [create(F, (D, "f")), rename(D, (ROOT, "d"), (ROOT, "e"))];
        check(&changes, (0, &[true, false]), (1, &[false, true], &[true, false]));
    }

    #[test]
    fn nothing_moves_into_a_directory_that_is_not_there() {
        let changes = [create(D, (ROOT, "d")), rename(F, (ROOT, "f"), (D, "f"))];
        // Both its directories may be synced: as long as `d` may be lost, so may it.
        check(&changes, (0, &[true, true]), (1, &[false, true], &[true, true]));
        check(&changes, (1, &[false, true]), (0, &[true, false], &[false, true]));
    }

    #[test]
    fn what_only_a_new_directory_knows_is_durable_in_it() {
        let changes = [create(D, (ROOT, "d")), create(F, (D, "f"))];
        check(&changes, (0, &[true, true]), (1, &[false, true], &[true, false]));
    }

    #[test]
    fn what_came_out_of_a_new_directory_makes_that_durable() {
        let changes = [
            create(D, (8, "d")),
            create(F, (D, "f")),
            rename(F, (D, "f"), (ROOT, "f")),
            rename(F, (ROOT, "f"), (ROOT, "g")),
        ];
        check(&changes, (0, &[true; 4]), (3, &[true; 4], &[false; 4]));
    }

    #[test]
    fn what_is_removed_from_a_new_directory_leaves_its_name_undecided() {
        let changes = [create(D, (ROOT, "d")), create(F, (D, "f")), remove(F, (D, "f"))];
        check(&changes, (1, &[false, true, true]), (2, &[false, true, true], &[true, false, false]));
    }

    #[test]
    fn directories_move_in_order_and_files_do_not() {
        let changes = [5, 6, 7].map(|dir| rename(D, (dir, "a"), (dir + 3, "a")));
        check(&changes, (1, &[false, true, true]), (2, &[true; 3], &[false; 3]));
        let changes = [5, 6, 7].map(|dir| rename(F, (dir, "a"), (dir + 3, "a")));
        check(&changes, (1, &[false, true, false]), (2, &[false, false, true], &[true, true, false]));
    }

    #[test]
    fn what_is_done_in_a_directory_that_was_moved_needs_not_that_it_was() {
        let changes = [rename(D, (ROOT, "d"), (ROOT, "e")), create(F, (D, "f"))];
        check(&changes, (0, &[true, false]), (1, &[false, true], &[true, false]));
    }
}
