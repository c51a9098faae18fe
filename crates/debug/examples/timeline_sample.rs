//! Writes the timeline of a made-up run, for the browser check: `timeline_sample FOLDER`.

#![expect(clippy::disallowed_methods, reason = "it writes a real file")]

#[path = "../tests/timeline/sample.rs"]
mod sample;

use std::path::PathBuf;
use wavetank_debug::timeline::Timeline;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    let (long, story) = sample::sample(5_000, 48_123);
    std::fs::write(folder.join("sample.html"), Timeline::new(&long, story.clone()).to_html())?;
    let expected = r#"{"trigger": "power loss", "operation": "get k7", "message": "from server", "fault": "power loss", "failure": "client 3 read version 1", "hostile": "<img src=x",
        "says": {"kind:clock.step": "298 s behind · for 20.0 s", "kind:clock.skew": "250 ppm fast · for 20.0 s"}}"#;
    for page in ["sample", "pair"] {
        std::fs::write(folder.join(format!("{page}.json")), expected)?;
    }
    let (short, _) = sample::sample(170, 48_123);
    let (mut other, mut clean) = sample::sample(170, 48_123);
    let differs = other.events.iter().rposition(|event| event.kind == "storage.submit").expect("there was a sync");
    other.events[differs].args.insert("op".into(), "sync, then answer".into());
    other.header.failures.clear();
    (clean.bug, clean.command) = (None, None);
    let page = Timeline::new(&short, story).against(&other, clean, "without the bug");
    std::fs::write(folder.join("pair.html"), page.to_html())
}
