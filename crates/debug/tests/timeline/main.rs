//! What a timeline promises whatever the trace: its size, that it loads nothing, that a
//! trace's text stays text, and that few rows lead from the failure to its fault.

mod sample;

use sample::{HOSTILE, sample};
use serde_json::Value;
use wavetank_debug::timeline::{Anchors, Past, ROWS_MOST, Story, Timeline};
use wavetank_debug::trace::{TraceEvent, TraceFile};

const EVENTS: usize = 5_000;

/// Where the data of a page begins.
const DATA: &str = r#"<script type="application/json" id="data">"#;

/// The text of a page's element.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let from = page.find(start).expect("the page has it") + start.len();
    &page[from..from + page[from..].find(end).expect("it ends")]
}

/// What the script of a page reads.
fn data(page: &str) -> Value {
    serde_json::from_str(between(page, r#"<script type="application/json" id="data">"#, "</script>"))
        .expect("the data is JSON")
}

#[test]
fn five_thousand_events_fit_into_two_megabytes() {
    let (trace, story) = sample(EVENTS, 7);
    assert!(trace.events.len() >= EVENTS - 100, "{} events", trace.events.len());
    let page = Timeline::new(&trace, story).to_html();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let two = Timeline::new(&trace, Story::default()).against(&trace, Story::default(), "itself").to_html();
    assert!(two.len() < 2_000_000, "{} bytes for two runs", two.len());
}

#[test]
fn a_page_loads_nothing() {
    let (trace, story) = sample(300, 7);
    let page = Timeline::new(&trace, story).to_html();
    // The name of SVG is no address: nobody asks for it.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for address in ["http:", "https:", "//cdn", "@import", "url(h", "fetch(", "XMLHttpRequest", "import(", "WebSocket"]
    {
        assert!(!page.contains(address), "{address}");
    }
    let told = between(&page, DATA, "</script>").to_string();
    assert!(!page.replace(&told, "").contains(" src="), "nothing has a source");
    assert!(page.contains("default-src 'none'"), "and the browser is told so");
}

#[test]
fn text_of_a_trace_stays_text() {
    let (mut trace, mut story) = sample(300, 7);
    trace.header.simulation = HOSTILE.into();
    trace.header.failures[0].message = HOSTILE.into();
    trace.header.nodes[0].name = HOSTILE.into();
    story.recipe.push(HOSTILE.into());
    let page = Timeline::new(&trace, story).to_html();
    assert_eq!(page.matches("</script>").count(), 2, "the data's end and the script's");
    assert!(!page.contains("<img") && !page.contains("<!--"));
    let read = data(&page);
    let texts = read["runs"][0]["texts"].as_array().expect("texts");
    assert!(texts.iter().any(|text| text == HOSTILE), "it is still there, letter by letter");
}

#[test]
fn the_past_is_few_rows_and_holds_what_matters() {
    for (events, seed) in [(200, 1), (EVENTS, 7), (EVENTS, 48_123)] {
        let (trace, story) = sample(events, seed);
        let past = Past::of(&trace, &story.histories).expect("it has events");
        assert!(past.rows.len() <= ROWS_MOST, "{} rows", past.rows.len());
        assert_eq!(past.rows.last(), Some(&past.anchors.failure), "the failure ends it");
        let kind = |place: usize| trace.events[place].kind.as_str();
        let (operation, message, fault) = (past.anchors.operation, past.anchors.message, past.anchors.fault);
        let (operation, message, fault) = (operation.expect("asked"), message.expect("landed"), fault.expect("struck"));
        assert_eq!(kind(past.anchors.failure), "failure");
        assert_eq!(trace.events[operation].text("words"), Some("get k7"), "what no order explains");
        assert_eq!((kind(message), trace.events[message].node), ("tcp.land", Some(3)), "its answer");
        assert_eq!(trace.events[fault].text("kind"), Some("machine.power-loss"));
        assert!([operation, message, fault].iter().all(|anchor| past.rows.contains(anchor)), "each has a row");
    }
}

#[test]
fn an_operation_is_called_failing_only_if_it_is_known_to_have_failed() {
    let (mut trace, story) = sample(300, 7);
    let anchors = |trace: &TraceFile, histories: &[_]| Past::of(trace, histories).expect("it has events").anchors;
    assert!(anchors(&trace, &story.histories).is_failing, "no order explains it");
    let last = anchors(&trace, &[]);
    assert_eq!(trace.events[last.operation.expect("asked")].text("words"), Some("get k7"));
    assert!(!last.is_failing, "it was over before the failure");
    trace.events[last.failure - 2].kind = "log".into();
    assert!(anchors(&trace, &[]).is_failing, "without its end, the failure is within it");
    // A read that was none of the operations: gone to is what it does not show.
    let mut history = story.histories[0].clone();
    history.operations[2].begun = u64::MAX;
    let unseen = anchors(&trace, &[history]);
    assert_eq!(trace.events[unseen.operation.expect("asked")].text("words"), Some("put k7 = v2"));
}

#[test]
fn an_operation_that_a_checker_names_is_failing() {
    let (mut trace, _) = sample(300, 7);
    let failure = Past::of(&trace, &[]).expect("it has events").anchors.failure;
    let is_end = |event: &&TraceEvent| event.kind == "op.end" && event.text("client") == Some("client 2");
    let end = trace.events.iter().rev().find(is_end).expect("it was answered").n;
    let judged = failure - 1;
    trace.events[judged].kind = "history".into();
    trace.events[judged].args = [("words".to_string(), "it is lost".into())].into_iter().collect();
    trace.events[judged].cause = Some(end);
    trace.events[failure].cause = Some(judged as u64);
    let Anchors { operation, is_failing, .. } = Past::of(&trace, &[]).expect("it has events").anchors;
    assert_eq!(trace.events[operation.expect("it is named")].text("words"), Some("put k7 = v2"));
    assert!(is_failing);
}

#[test]
fn without_operations_the_assertion_is_what_failed() {
    let (mut trace, _) = sample(300, 7);
    for event in trace.events.iter_mut().filter(|event| event.kind.starts_with("op.")) {
        event.kind = "log".into();
    }
    let Anchors { operation, is_failing, .. } = Past::of(&trace, &[]).expect("it has events").anchors;
    let event = &trace.events[operation.expect("it was violated")];
    assert_eq!((event.kind.as_str(), event.text("site"), is_failing), ("assert", Some("kv.no-lost-write"), false));
}

#[test]
fn what_came_after_the_failure_is_no_past_of_it() {
    let (mut trace, _) = sample(300, 3);
    let early = trace.events.iter().position(|event| event.kind == "op.end").expect("somebody was answered");
    trace.header.failures[0].event = Some(early as u64);
    let past = Past::of(&trace, &[]).expect("it has events");
    assert!(past.rows.iter().all(|place| *place <= early), "{:?}", past.rows);
}

#[test]
fn a_run_beside_itself_is_the_same() {
    let (trace, _) = sample(300, 7);
    let page = Timeline::new(&trace, Story::default()).against(&trace, Story::default(), "itself").to_html();
    assert_eq!(data(&page)["comparison"]["first"], Value::Null);
}

#[test]
fn the_first_difference_is_found() {
    let (trace, _) = sample(300, 7);
    let mut other: TraceFile = trace.clone();
    let differs = other.events.iter().rposition(|event| event.kind == "op.end").expect("somebody was answered");
    other.events[differs].args.insert("words".into(), "something else".into());
    let page = Timeline::new(&trace, Story::default()).against(&other, Story::default(), "the other").to_html();
    let comparison = &data(&page)["comparison"];
    assert_eq!(comparison["first"], serde_json::json!([differs, differs]));
    let pairs = comparison["rows"].as_array().expect("rows");
    let at = differs as i64;
    assert!(pairs.contains(&serde_json::json!([at, -1])) && pairs.contains(&serde_json::json!([-1, at])));
    assert!(pairs.contains(&serde_json::json!([at + 1, at + 1])), "what follows corresponds again");
}

#[test]
fn a_trace_of_any_length_makes_a_page() {
    let (mut trace, _) = sample(300, 7);
    for events in [1, 2, 7] {
        trace.events.truncate(events);
        trace.header.failures.clear();
        assert!(Timeline::new(&trace, Story::default()).to_html().contains("</html>"));
    }
    trace.events.clear();
    assert_eq!(data(&Timeline::new(&trace, Story::default()).to_html())["runs"][0], Value::Null);
}

#[test]
fn a_long_trace_loses_the_simulators_own_steps_first() {
    let (trace, story) = sample(46_000, 7);
    let page = Timeline::new(&trace, story).to_html();
    let read = data(&page);
    let left_out = read["runs"][0]["left_out"].as_u64().expect("a number");
    assert!(left_out > 0 && left_out < trace.events.len() as u64, "{left_out} of {}", trace.events.len());
    assert!(read["runs"][0]["past"]["fault"].as_i64().is_some_and(|fault| fault >= 0), "what matters is still there");
    let texts = read["runs"][0]["texts"].as_array().expect("texts");
    let kinds = read["runs"][0]["columns"]["kind"].as_array().expect("places of texts");
    let begins = kinds.iter().filter(|place| texts[place.as_u64().expect("a place") as usize] == "op.begin").count();
    assert_eq!(begins, trace.events.iter().filter(|event| event.kind == "op.begin").count(), "all operations are");
}

#[test]
fn a_long_chain_of_causes_makes_no_longer_page() {
    let (mut trace, story) = sample(60_000, 7);
    // As of a workload that sleeps, wakes and sleeps again: each step is the next one's cause.
    for event in &mut trace.events {
        event.cause = event.n.checked_sub(1);
        event.args.remove("also");
    }
    let read = data(&Timeline::new(&trace, story).to_html());
    let kept = read["runs"][0]["columns"]["n"].as_array().expect("numbers").len();
    assert_eq!(kept, 40_000, "of {}", trace.events.len());
    let past = &read["runs"][0]["past"];
    assert!(past["rows"].as_array().is_some_and(|rows| rows.len() == ROWS_MOST), "what matters is still there");
}
