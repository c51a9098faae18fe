//! The page itself: data, script and style put together into one file that loads
//! nothing. What the script does with the data is in the folder `page`.

use super::comparison::Comparison;
use super::history::History;
use super::past::Past;
use super::scene::Scene;
use super::sheet::{Kept, Sheet};
use super::story::Story;
use crate::trace::TraceFile;
use serde_json::{Value, json};

const FRAME: &str = include_str!("page/frame.html");
const STYLE: &str =
    concat!(include_str!("page/colours.css"), include_str!("page/layout.css"), include_str!("page/rows.css"));
/// In the order in which they need each other.
const SCRIPT: &str = concat!(
    include_str!("page/data.js"),
    include_str!("page/words.js"),
    include_str!("page/dom.js"),
    include_str!("page/state.js"),
    include_str!("page/scale.js"),
    include_str!("page/map.js"),
    include_str!("page/rows.js"),
    include_str!("page/side.js"),
    include_str!("page/order.js"),
    include_str!("page/compare.js"),
    include_str!("page/keys.js"),
    include_str!("page/main.js"),
);

/// A run to be shown, or two.
#[derive(Debug)]
pub struct Timeline<'a> {
    trace: &'a TraceFile,
    story: Story,
    against: Option<(&'a TraceFile, Story, String)>,
}

impl<'a> Timeline<'a> {
    /// A run, with what is told about it.
    pub fn new(trace: &'a TraceFile, story: Story) -> Timeline<'a> {
        Timeline { trace, story: with_histories(story, trace), against: None }
    }

    /// Shows another run beside it, under a name such as `without the bug`.
    pub fn against(self, other: &'a TraceFile, story: Story, name: impl Into<String>) -> Timeline<'a> {
        Timeline { against: Some((other, with_histories(story, other), name.into())), ..self }
    }

    /// The page. It loads nothing, from nowhere.
    pub fn to_html(&self) -> String {
        let data = json_in_html(&self.data());
        let title = format!("{} · seed {}", self.trace.header.simulation, self.trace.header.seed);
        fill(
            FRAME,
            &[
                ("{{title}}", &escape(&title)),
                ("{{nonce}}", &nonce(&self.trace.header.digest)),
                ("{{style}}", STYLE),
                ("{{data}}", &data),
                ("{{script}}", SCRIPT),
            ],
        )
    }

    fn data(&self) -> Value {
        let scene = Scene::new(self.trace);
        let (run, kept) = run(&scene, &self.story);
        let Some((trace, story, name)) = &self.against else {
            return json!({"runs": [run], "comparison": null});
        };
        let other = Scene::new(trace);
        let (second, others) = self::run(&other, story);
        let comparison = Comparison::new((&scene, &kept), (&other, &others));
        json!({"runs": [run, second], "names": ["this run", name], "comparison": comparison})
    }
}

/// The story with what the trace itself tells of histories.
fn with_histories(mut story: Story, trace: &TraceFile) -> Story {
    story.histories.extend(History::of(trace));
    story
}

/// The data of a run, and which of its events the page has.
fn run(scene: &Scene<'_>, story: &Story) -> (Value, Vec<usize>) {
    let Some(past) = Past::in_scene(scene, &story.histories) else {
        return (Value::Null, Vec::new());
    };
    let kept = Kept::new(scene, &past);
    let sheet = Sheet::new(scene, &past, &kept, story);
    (serde_json::to_value(sheet).expect("a sheet has no map whose keys are not text"), kept.events)
}

/// Puts texts in their places, in one pass: what was put in is not looked at again.
fn fill(frame: &str, texts: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(frame.len() + texts.iter().map(|(_, text)| text.len()).sum::<usize>());
    let mut rest = frame;
    while let Some(start) = rest.find("{{") {
        page.push_str(&rest[..start]);
        rest = &rest[start..];
        let (place, text) =
            texts.iter().find(|(place, _)| rest.starts_with(place)).expect("the frame's places are known");
        page.push_str(text);
        rest = &rest[place.len()..];
    }
    page.push_str(rest);
    page
}

/// JSON that can stand in a script element: no letter of it can end or open one.
fn json_in_html(value: &Value) -> String {
    let text = value.to_string();
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What marks our own script and style, so that the browser runs no other.
fn nonce(digest: &str) -> String {
    let letters: String = digest.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    format!("wavetank{letters}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_not_a_place() {
        assert_eq!(fill("a {{x}} b {{y}}", &[("{{x}}", "{{y}}"), ("{{y}}", "1")]), "a {{y}} b 1");
    }

    #[test]
    fn no_text_ends_the_script() {
        let text = json_in_html(&json!(["</script><!--", "<img onerror=x>", "\u{2028}&"]));
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        let read: Value = serde_json::from_str(&text).expect("it is still JSON");
        assert_eq!(read[0], "</script><!--");
    }
}
