//! What is said of each kind of fault: one table, so that a reader who dislikes a
//! sentence finds it. When what is said is the recipe's matter.

use super::sides;
use wavetank_harness::{Atom, RunRecord};

/// How a kind of fault is told.
struct Telling {
    kind: &'static str,
    /// `{who}` is what it struck, `{cut}` who is cut off from whom, `{long}` the first number as a
    /// duration, `{extent}` the second, `{jump}` and `{rate}` the second of a clock.
    one: &'static str,
    /// The same of several at one instant, with `{many}`.
    several: &'static str,
}

const fn tell(kind: &'static str, one: &'static str, several: &'static str) -> Telling {
    Telling { kind, one, several }
}

const TABLE: [Telling; 29] = [
    tell("node.crash", "{who} crashes, and is down for {long}", "{many} crash"),
    tell("machine.crash", "the machine of {who} crashes, and is down for {long}", "{many} machines crash"),
    tell("machine.power-loss", "{who} loses power, and is down for {long}", "{many} machines lose power"),
    tell("node.pause", "{who} stands still for {long}", "{many} stand still"),
    tell("clock.step", "the wall clock of {who} is put {jump} for {long}", "{many} wall clocks jump"),
    tell("clock.skew", "the clock of {who} runs {rate} for {long}", "{many} clocks run wrong"),
    tell("timer.late", "a timer of {who} is late by {long}", "{many} timers are late"),
    tell("poll.cost", "a step of {who} takes {long}", "{many} steps take time"),
    tell("buggify", "a buggify point of {who} fires", "{many} buggify points fire"),
    tell("network.partition", "{cut} for {long}", "{many} cuts of the network begin"),
    tell("network.slow", "the way {who} is slower by {extent} for {long}", "{many} ways become slow"),
    tell("network.clog", "the way {who} is clogged for {long}", "{many} ways are clogged"),
    tell("network.delay-spike", "a packet of {who} takes {long} longer", "{many} packets take far longer"),
    tell(
        "network.segment-loss",
        "a segment of {who} is lost, and sent again",
        "{many} segments are lost, and sent again",
    ),
    tell("network.connect-refused", "a connection of {who} is refused", "{many} connections are refused"),
    tell(
        "network.connect-hang",
        "a connection of {who} hangs while it opens",
        "{many} connections hang while they open",
    ),
    tell("network.reset", "a connection of {who} is reset", "{many} connections are reset"),
    tell("network.datagram-loss", "a datagram of {who} is lost", "{many} datagrams are lost"),
    tell("network.datagram-duplicate", "a datagram of {who} comes twice", "{many} datagrams come twice"),
    tell("network.short-read", "a read of {who} gives less than has come", "{many} reads give less than has come"),
    tell("network.short-write", "a write of {who} takes less than there is room for", "{many} writes take less"),
    tell("storage.sync-failure", "a sync of {who} fails", "{many} syncs fail"),
    tell("storage.lost", "an unsynced write of {who} is lost", "{many} unsynced writes are lost"),
    tell("storage.torn", "an unsynced write of {who} is torn", "{many} unsynced writes are torn"),
    tell(
        "storage.size-lost",
        "an unsynced change of a file's size is lost on {who}",
        "{many} changes of a file's size are lost",
    ),
    tell(
        "storage.entry-lost",
        "an unsynced change of a directory is lost on {who}",
        "{many} changes of directories are lost",
    ),
    tell(
        "storage.in-flight-lost",
        "what {who} was doing on its disk is not done",
        "{many} operations under way are not done",
    ),
    tell("storage.slow", "the disk of {who} becomes slow", "{many} disks become slow"),
    tell("storage.wiped", "the disk of {who} is replaced by an empty one", "{many} disks are replaced by empty ones"),
];

/// What is said of one fault, or of several of its kind at one instant.
pub(super) fn words(record: &RunRecord, atom: &Atom, many: usize) -> String {
    let kind = atom.kind.name();
    let who = record.names.who(atom.target);
    let Some(telling) = TABLE.iter().find(|telling| telling.kind == kind) else {
        return if many == 1 { format!("{kind} strikes {who}") } else { format!("{kind} strikes {many} times") };
    };
    let words = if many == 1 { telling.one } else { telling.several };
    // What a test's own injector does lasts until it ends it.
    let words = if atom.parameters[0] == 0 {
        words.replace(", and is down for {long}", "").replace(" for {long}", "")
    } else {
        words.to_string()
    };
    let cut = record.cuts.get(&atom.address).map(|cut| sides::words(cut, &record.names.machines));
    words
        .replace("{who}", &who)
        .replace("{cut}", cut.as_deref().unwrap_or("the network is cut"))
        .replace("{many}", &many.to_string())
        .replace("for {long}", &lasted(record, atom))
        .replace("{jump}", &jump(atom.parameters[1].cast_signed()))
        .replace("{rate}", &rate(atom.parameters[1].cast_signed()))
        .replace("{long}", &duration(atom.parameters[0]))
        .replace("{extent}", &duration(atom.parameters[1]))
}

/// How long what a plan began was there: with the end of its cycle all is over.
fn lasted(record: &RunRecord, atom: &Atom) -> String {
    let long = atom.parameters[0];
    if long == u64::MAX {
        return "for good".to_string();
    }
    let calm = record.calm.iter().find(|calm| **calm >= atom.time);
    format!("for {}", duration(calm.map_or(long, |calm| long.min(calm - atom.time))))
}

/// How a clock is set, in nanoseconds.
fn jump(nanos: i64) -> String {
    format!("{} {}", duration(nanos.unsigned_abs()), if nanos < 0 { "behind" } else { "ahead" })
}

/// How a clock runs, in parts of 10^9.
fn rate(parts: i64) -> String {
    format!("{} ppm {}", parts.unsigned_abs() / 1000, if parts < 0 { "slow" } else { "fast" })
}

/// Nanoseconds for people, in three digits or so.
pub(super) fn duration(nanos: u64) -> String {
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{} us", nanos / 1_000),
        1_000_000..10_000_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        10_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
        _ => format!("{:.2} s", nanos as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_harness::all_kinds;

    #[test]
    fn there_are_words_for_every_kind_of_fault() {
        let has_words = |kind: &&str| TABLE.iter().any(|telling| telling.kind == *kind);
        let speechless: Vec<&str> = all_kinds().map(|kind| kind.name()).filter(|kind| !has_words(kind)).collect();
        assert!(speechless.is_empty(), "crates/debug/src/recipe/words.rs says nothing of {speechless:?}");
    }
}
