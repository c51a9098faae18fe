//! Who is cut off from whom, in words. That and for how long is one event of the recipe.

use wavetank_harness::{Cut, MachineId};

/// Names of one side at most; of the rest their number is told.
const NAMES_MOST: usize = 5;

/// A cut, told of the side that is the smaller one.
pub(super) fn words(cut: &Cut, machines: &[String]) -> String {
    let Cut { ones, others, back } = cut;
    let is_heard = ones.len() > others.len();
    let (few, rest) = if is_heard { (others, ones) } else { (ones, others) };
    let be = if few.len() == 1 { "is" } else { "are" };
    let (few_names, rest_names) = (names(few, machines), names(rest, machines));
    // Nobody is missing, and it takes fewer words.
    let is_all = rest.len() > 1 && few.len() + rest.len() >= machines.len();
    match (*back, is_heard) {
        (true, _) if is_all => format!("{few_names} {be} cut off from all others"),
        (true, _) => format!("{few_names} {be} cut off from {rest_names}"),
        (false, false) if is_all => format!("{few_names} {be} heard by no other"),
        (false, false) => format!("{few_names} {be} not heard by {rest_names}"),
        (false, true) => {
            let hear = if few.len() == 1 { "hears" } else { "hear" };
            let whom = if is_all { "no other".to_string() } else { format!("nothing of {rest_names}") };
            format!("{few_names} {hear} {whom}")
        }
    }
}

/// `a`, `a and b`, `a, b and c`, `a, b, c, d, e and 7 others`.
fn names(side: &[MachineId], machines: &[String]) -> String {
    let name = |machine: &MachineId| {
        let name = machines.get(machine.0 as usize);
        name.map_or(format!("machine {}", machine.0), String::clone)
    };
    let mut told: Vec<String> = side.iter().take(NAMES_MOST).map(name).collect();
    let untold = side.len() - told.len();
    match untold {
        0 => {}
        1 => told.push(name(&side[NAMES_MOST])),
        _ => told.push(format!("{untold} others")),
    }
    match told.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => told.join(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ones: &[u32], others: &[u32], back: bool, expected: &str) {
        let side = |side: &[u32]| side.iter().copied().map(MachineId).collect();
        let machines: Vec<String> = (0..10).map(|number| format!("m{number}")).collect();
        let cut = Cut { ones: side(ones), others: side(others), back };
        assert_eq!(words(&cut, &machines), expected);
    }

    #[test]
    fn the_smaller_side_is_named_and_the_larger_one_if_it_is_not_all_others() {
        check(&[0], &[1], true, "m0 is cut off from m1");
        check(&[2], &[0, 1, 3, 4, 5, 6, 7, 8, 9], true, "m2 is cut off from all others");
        check(&[0, 1, 2, 3, 4, 5, 6, 7], &[8, 9], true, "m8 and m9 are cut off from all others");
        check(&[0, 1], &[3, 4, 5], true, "m0 and m1 are cut off from m3, m4 and m5");
        check(&[0], &[1, 2, 3, 4, 5, 6, 7], true, "m0 is cut off from m1, m2, m3, m4, m5 and 2 others");
        check(&[0], &[1, 2, 3, 4, 5, 6], true, "m0 is cut off from m1, m2, m3, m4, m5 and m6");
    }

    #[test]
    fn who_does_not_hear_whom_is_told_if_the_others_hear() {
        check(&[0], &[1], false, "m0 is not heard by m1");
        check(&[0], &[1, 2, 3, 4, 5, 6, 7, 8, 9], false, "m0 is heard by no other");
        check(&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[0], false, "m0 hears no other");
        check(&[0, 1, 2], &[3, 4], false, "m3 and m4 hear nothing of m0, m1 and m2");
    }
}
