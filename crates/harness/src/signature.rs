//! The signature of a failure: what makes two failures the same one. A sweep groups by it,
//! and shrinking may change everything about a run but this. How often each was seen is for
//! others to count.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;
use wavetank_engine::{TaskReport, name_key};

/// Letters of a message that count; what follows is details of details.
const MESSAGE_MOST: usize = 400;
/// Words of a property that make a folder's name.
const SLUG_WORDS: usize = 7;

/// What the harness calls the task that a demand for progress is.
const DEMAND: &str = "liveness";
/// What the engine says of a task that no device will wake.
const OUTSIDE: &str = "something outside the engine";

/// What makes two failures the same: the property that broke or the place of the
/// panic, the message or what is waited for, and whose it was; numbers, text in double
/// quotes, and which of several nodes, aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// What broke: `panic at src/log.rs:12`, an assertion, an invariant, `deadlock`.
    pub property: String,
    /// What it said, with `#` for every number and nothing between double quotes.
    pub message: String,
    /// Whose it was, as the name of its group: `client`, not `client-3`. Empty if nobody's.
    pub role: String,
}

impl Signature {
    pub(crate) fn of(failure: &Failure) -> Signature {
        let new = |property: String, message: &str, who: &str| Signature {
            property,
            message: without_numbers(&without_quoted(message, '"')),
            role: role(who),
        };
        match failure {
            Failure::Panic { task, site, message } => new(format!("panic at {site}"), message, who_of_task(task)),
            Failure::Violated { assertion, who } => {
                let (property, details) = split_assertion(assertion);
                new(property, details, who)
            }
            Failure::Error { who, message } => new("error".to_string(), first_line(message), who),
            Failure::Invariant { name, message } => new(format!("invariant `{name}`"), first_line(message), ""),
            // What it quotes, and what follows the first line, is the history that it judged.
            Failure::Checker { name, message } => {
                new(format!("checker `{name}`"), &without_quoted(first_line(message), '`'), "")
            }
            Failure::NotLive { name, tasks, .. } => new(format!("liveness `{name}`"), demand(tasks), ""),
            // Who else waits depends on the faults; the first is a workload if one waits.
            Failure::Deadlock { tasks } => {
                let stuck = stuck(tasks);
                let message = stuck.last().map(|task| format!("waits for {}", waits_for(task)));
                let who = stuck.first().map_or("", |task| &task.node_name);
                new(format!("deadlock of {}", places(&stuck)), &message.unwrap_or_default(), who)
            }
            Failure::Limit { limit, tasks } => {
                let who = tasks.first().map_or("", |task| &task.node_name);
                new("limit".to_string(), limit, who)
            }
            // What it does at the end of its grace is chance, unlike where it was begun.
            Failure::LeakedTasks { tasks } => {
                let first: Vec<&TaskReport> = tasks.iter().take(1).collect();
                let who = first.first().map_or("", |task| &task.node_name);
                new(format!("leaked {}", places(&first)), "", who)
            }
            Failure::Leaked { what } => new("leaked".to_string(), what, ""),
            Failure::Foreign { .. } => new("used outside of its run".to_string(), "", ""),
            Failure::Process { what } => new(format!("its process {}", without_numbers(first_line(what))), "", ""),
        }
    }

    /// Whether it is the other one on other lines of the same files, as after an edit above.
    pub fn is_moved(&self, other: &Signature) -> bool {
        let but_for_lines = |one: &Signature| (without_lines(&one.property), one.message.clone(), one.role.clone());
        self != other && but_for_lines(self) == but_for_lines(other)
    }

    /// A name for a folder: a few words of it and a hash of all.
    pub fn slug(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        let text = format!("{} {}", self.property, self.message).to_lowercase();
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
            if word.len() > 1 && words.len() < SLUG_WORDS && word.bytes().all(|byte| byte.is_ascii_lowercase()) {
                words.push(word.to_string());
            }
        }
        let all = format!("{}\n{}\n{}", self.property, self.message, self.role);
        words.push(format!("{:08x}", name_key(&all) >> 32));
        words.join("-")
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.property)?;
        if !self.role.is_empty() {
            write!(f, " of {}", self.role)?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// The first of some tasks, then the one whose end it waits for, and so on: the last is
/// who keeps all of them waiting.
fn stuck(tasks: &[TaskReport]) -> Vec<&TaskReport> {
    let mut stuck: Vec<&TaskReport> = tasks.iter().take(1).collect();
    while let Some(last) = stuck.last() {
        let ended = |task: &&TaskReport| {
            let end = format!("the end of task `{}`, spawned at {}", task.name, task.spawned_at);
            task.node == last.node && last.waits_for == end
        };
        match tasks.iter().find(ended) {
            // Two may wait for each other.
            Some(next) if !stuck.contains(&next) => stuck.push(next),
            _ => break,
        }
    }
    stuck
}

/// Which tasks, and where each was spawned.
fn places(tasks: &[&TaskReport]) -> String {
    let place = |task: &&TaskReport| {
        let site = &task.spawned_at;
        format!("task `{}` from {}:{}", task.name, site.file, site.line)
    };
    tasks.iter().map(place).collect::<Vec<_>>().join(", ")
}

/// What a task waits for, but not on which of several connections or files.
fn waits_for(task: &TaskReport) -> &str {
    task.waits_for.split(" (").next().unwrap_or_default()
}

/// What a demand for progress waited for when its time was over. One that is between two
/// tries may sleep or connect just then, which says nothing; one that nobody will wake does.
fn demand(tasks: &[TaskReport]) -> &str {
    let demand = tasks.iter().rev().find(|task| task.name == DEMAND);
    demand.map_or("", waits_for).strip_prefix(OUTSIDE).map_or("", |_| "waits for something outside the engine")
}

/// The property without the lines of its places.
fn without_lines(property: &str) -> String {
    let parts = property.split(':').map(|part| part.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    parts.collect::<Vec<_>>().join(":")
}

/// The first line that says something.
fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// The text with nothing between its quotes; one that is never closed is none.
fn without_quoted(text: &str, quote: char) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(quote) {
        let (before, quoted) = rest.split_at(open + 1);
        let Some(close) = end_of_quoted(quoted, quote) else { break };
        words.push_str(before);
        words.push(quote);
        rest = &quoted[close + 1..];
    }
    words + rest
}

/// Where the quote stands that ends what is quoted: the first that no backslash escapes.
fn end_of_quoted(quoted: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    quoted.char_indices().find_map(|(place, letter)| {
        let is_end = letter == quote && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_end.then_some(place)
    })
}

/// The node in "task `run` of client-3, spawned at ..".
fn who_of_task(task: &str) -> &str {
    let Some(place) = task.find("` of ") else { return "" };
    let who = &task[place + "` of ".len()..];
    &who[..who.find(',').unwrap_or(who.len())]
}

/// A node's name without its number.
fn role(who: &str) -> String {
    let digits = who.len() - who.bytes().rev().take_while(u8::is_ascii_digit).count();
    match who[..digits].strip_suffix('-') {
        Some(group) if digits < who.len() => group.to_string(),
        _ => who.to_string(),
    }
}

/// `module: "name" (kind, file:line): details` as its property, which is module, name
/// and kind but never the line, and its details.
fn split_assertion(assertion: &str) -> (String, &str) {
    // The name may hold parentheses; it ends with the first quote that is not escaped.
    let name = assertion.find(": \"").map_or(0, |open| open + 3);
    let name_end = name + end_of_quoted(&assertion[name..], '"').unwrap_or_default();
    let Some(open) = assertion[name_end..].find(" (").map(|place| name_end + place) else {
        return (assertion.to_string(), "");
    };
    let close = assertion[open..].find(')').map_or(assertion.len(), |place| open + place);
    let kind = assertion[open + 2..close].split(',').next().unwrap_or_default();
    let details = assertion.get(close + 1..).unwrap_or_default();
    (format!("{kind} {}", &assertion[..open]), details.strip_prefix(": ").unwrap_or(details))
}

/// The text with `#` for numbers, addresses and long hexadecimal words; lists of
/// numbers, and letters that repeat without end, are as one.
fn without_numbers(text: &str) -> String {
    let mut words = String::new();
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_alphanumeric() {
            word.push(letter);
            continue;
        }
        push_word(&mut words, &word);
        word.clear();
        match letter {
            letter if letter.is_whitespace() && words.ends_with(' ') => (),
            letter if letter.is_whitespace() => words.push(' '),
            letter => words.push(letter),
        }
    }
    // A number loses its sign; a name keeps its hyphen: `client-#`.
    for signed in [" -#", "=-#", "(-#", "[-#"] {
        words = words.replace(signed, &signed.replace('-', ""));
    }
    for many in ["#.#", "#:#", "#, #", "##"] {
        while words.contains(many) {
            words = words.replace(many, "#");
        }
    }
    let words = words.trim();
    match words.char_indices().nth(MESSAGE_MOST) {
        Some((end, _)) => words[..end].to_string(),
        None => words.to_string(),
    }
}

fn push_word(words: &mut String, word: &str) {
    let is_hash = word.len() >= 8
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.bytes().any(|byte| byte.is_ascii_digit());
    if is_hash || word.starts_with("0x") {
        words.push('#');
        return;
    }
    let mut last = (None, 0);
    for letter in word.chars() {
        let letter = if letter.is_ascii_digit() { '#' } else { letter };
        last = if last.0 == Some(letter) { (last.0, last.1 + 1) } else { (Some(letter), 1) };
        if last.1 <= if letter == '#' { 1 } else { 3 } {
            words.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panic(task: &str, site: &str, message: &str) -> Signature {
        Signature::of(&Failure::Panic { task: task.into(), site: site.into(), message: message.into() })
    }

    #[test]
    fn numbers_and_which_of_several_nodes_are_aside() {
        let one = panic("task `run` of client-3, spawned at a.rs:1:2,", "b.rs:7", "lost 3 of [1, 2, 3] at 10.0.0.3:80");
        let two = panic("task `run` of client-12, spawned at a.rs:1:2,", "b.rs:7", "lost 14 of [4] at 10.0.0.12:8080");
        assert_eq!(one, two);
        assert_eq!(one.role, "client");
        assert_eq!(one.to_string(), "panic at b.rs:7 of client: lost # of [#] at #");
        for other in [
            panic("task `run` of server-1, spawned at a.rs:1:2,", "b.rs:7", "lost 14 of [4] at 10.0.0.12:8080"),
            panic("task `run` of client-1, spawned at a.rs:1:2,", "b.rs:8", "lost 14 of [4] at 10.0.0.12:8080"),
            panic("task `run` of client-1, spawned at a.rs:1:2,", "b.rs:7", "sold 14 of [4] at 10.0.0.12:8080"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn an_assertion_is_its_name_and_its_details_are_its_message() {
        let violated = |line, details: &str| {
            let assertion =
                format!(r#"shop::book: "nothing (at all) is \"lost\"" (always, src/book.rs:{line}){details}"#);
            Signature::of(&Failure::Violated { assertion, who: "client-0".into() })
        };
        let one = violated(7, ": value=-3, least=Some(4), why=\"a crash\"");
        assert_eq!(one.property, r#"always shop::book: "nothing (at all) is \"lost\"""#);
        assert_eq!(one.message, "value=#, least=Some(#), why=\"\"");
        assert_eq!(one, violated(9, ": value=30, least=Some(5), why=\"a crash\""));
        assert_eq!(one, violated(7, ": value=30, least=Some(5), why=\"a \\\"retry\\\"\""));
        assert_ne!(one, violated(7, ": value=30, least=None, why=\"a crash\""));
        assert_eq!(violated(7, "").message, "");
        assert_eq!(violated(7, ": words=xxxx"), violated(7, ": words=xxxxxxxxxxx"));
        assert_ne!(violated(7, ": words=xxxx"), violated(7, ": words=xyxx"));
    }

    #[test]
    fn what_a_checker_quotes_is_aside() {
        let judged = |key: &str, operation: &str| {
            let message =
                format!("the history of \"{key}\" is not linearizable: no order explains `{operation}` (#3)\n..");
            Signature::of(&Failure::Checker { name: "histories are linearizable".into(), message })
        };
        assert_eq!(judged("k/1", "get -> not found"), judged("l", "put(a) -> version 7"));
        assert_eq!(judged("k/1", "get").message, "the history of \"\" is not linearizable: no order explains `` (#)");
    }

    #[test]
    fn a_slug_is_a_folder() {
        let one =
            panic("task `run` of client-3, spawned at a.rs:1:2,", "src/log.rs:7", "the log's tail is torn: 0xab12");
        let slug = one.slug();
        assert!(slug.starts_with("panic-at-src-log-rs-the-log-"), "{slug}");
        assert!(slug.len() < 100 && slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{slug}");
        let other = |task, line, message| panic(task, &format!("src/log.rs:{line}"), message).slug();
        let task = "task `x` of client-4, spawned at a.rs:1:2,";
        assert_eq!(slug, other(task, 7, "the log's tail is torn: 0x1"));
        assert_ne!(slug, other(task, 8, "the log's tail is torn: 0x1"), "two lines are two failures");
    }

    #[test]
    fn an_edit_above_moves_a_failure() {
        let task = "task `run` of client-3, spawned at a.rs:1:2,";
        let one = panic(task, "src/log.rs:7", "torn at 3");
        assert!(panic(task, "src/log.rs:12", "torn at 4").is_moved(&one));
        assert!(!panic(task, "src/log.rs:7", "torn at 4").is_moved(&one), "it is the same");
        assert!(!panic(task, "src/lag.rs:12", "torn at 4").is_moved(&one));
        assert!(!panic(task, "src/log.rs:12", "lost at 4").is_moved(&one));
    }

    #[test]
    fn what_is_no_number_stays() {
        let check = |text, expected| assert_eq!(without_numbers(text), expected, "{text}");
        check("k17 = deadbeef12 xxxxxxxxxxxx", "k# = # xxx");
        check("a-1, b-2", "a-#, b-#");
        check("took 1.5s,\n   not 10ms", "took #s, not #ms");
        check("x=-1 y=(-2) z=[1, -2]", "x=# y=(#) z=[#]");
    }

    #[test]
    fn text_that_is_quoted_is_data() {
        let task = "task `run` of client-3, spawned at a.rs:1:2,";
        let compared = |left: &str, right: &str| {
            let message = format!("assertion `left == right` failed: read\n  left: {left:?}\n right: {right:?}");
            panic(task, "b.rs:7", &message)
        };
        assert_eq!(compared("apple", "pear"), compared("a \"plum\" \\", ""));
        let message = "assertion `left == right` failed: read left: \"\" right: \"\"";
        assert_eq!(compared("apple", "pear").message, message);
        let check = |text, expected| assert_eq!(without_quoted(text, '"'), expected, "{text}");
        check("a 5\" disk is full", "a 5\" disk is full");
        check("\"a\" and 5\" more", "\"\" and 5\" more");
    }
}
