//! What makes two failures the same one, where tasks wait and names are odd. Of plain
//! messages the file of signatures has its own tests.

use std::panic::Location;
use std::time::Duration;
use wavetank_engine::{NodeId, TaskReport};
use wavetank_harness::{Failure, Signature};

/// A task of a node that waits; all are spawned here.
fn task(name: &'static str, node: u32, waits_for: &str) -> TaskReport {
    TaskReport {
        name: name.into(),
        node: NodeId(node),
        node_name: format!("user-{node}"),
        incarnation: 1,
        spawned_at: Location::caller().into(),
        waits_for: waits_for.to_string(),
    }
}

/// What waits for the end of a task called so.
fn end_of(name: &'static str) -> String {
    format!("the end of task `{name}`, spawned at {}", task(name, 0, "").spawned_at)
}

fn deadlock(tasks: Vec<TaskReport>) -> Signature {
    Failure::Deadlock { tasks }.signature()
}

fn panic(who: &str, message: &str) -> Signature {
    let task = format!("task `run` of {who}, spawned at a.rs:1:2,");
    Failure::Panic { task, site: "b.rs:7".into(), message: message.into() }.signature()
}

#[test]
fn who_waits_for_whom_is_followed_on_one_node_and_round_a_ring_once() {
    let chain = |node| deadlock(vec![task("run", 0, &end_of("reads")), task("reads", node, "a segment (of #3)")]);
    assert_eq!(chain(0).message, "waits for a segment");
    assert!(chain(0).property.contains("`run`") && chain(0).property.contains("`reads`"), "{}", chain(0));
    assert!(!chain(1).property.contains("`reads`"), "that is another node's: {}", chain(1));
    let ring = deadlock(vec![task("run", 0, &end_of("reads")), task("reads", 0, &end_of("run"))]);
    assert_eq!(ring.property.matches("`run`").count(), 1, "{ring}");
}

#[test]
fn a_demand_between_two_tries_waits_for_nothing_in_particular() {
    let unmet = |waits_for: &str| {
        let tasks = vec![task("workload", 0, "a segment"), task("liveness", 1, waits_for)];
        Failure::NotLive { name: "writes".into(), within: Duration::from_secs(1), tasks }.signature()
    };
    assert_eq!(unmet("a sleep until 3 s"), unmet("a connection (to 10.0.0.1)"));
    assert_eq!(unmet("a sleep until 3 s").message, "");
    assert_eq!(unmet("something outside the engine").message, "waits for something outside the engine");
}

#[test]
fn the_name_of_an_assertion_ends_at_its_own_quote() {
    let assertion = r#"shop: "a \" (b) is \\" (always, src/book.rs:7): sold=3"#.to_string();
    let signature = Failure::Violated { assertion, who: "client-0".into() }.signature();
    assert_eq!((signature.property.as_str(), &*signature.message), (r#"always shop: "a \" (b) is \\""#, "sold=#"));
}

#[test]
fn names_without_a_number_short_words_and_long_messages_are_what_they_are() {
    assert_eq!(panic("client-", "").role, "client-");
    assert_eq!(panic("client", "").role, "client");
    assert_eq!(panic("client", "face12 is no hash, face1234 is").message, "face# is no hash, # is");
    assert_eq!(panic("client", &"ab".repeat(300)).message, "ab".repeat(200));
    assert_ne!(panic("client", "torn").slug(), panic("server", "torn").slug());
}
