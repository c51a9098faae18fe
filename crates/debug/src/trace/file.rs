//! A whole trace, written and read as JSON lines: the header, then an event a line.
//! Where the file lies is its user's business.

use super::error::TraceError;
use super::event::TraceEvent;
use super::header::{TraceHeader, VERSION};

/// The trace of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceFile {
    /// Which run, and who took part.
    pub header: TraceHeader,
    /// What happened, by number.
    pub events: Vec<TraceEvent>,
}

impl TraceFile {
    /// As JSON lines, each ended by a line feed.
    pub fn to_json_lines(&self) -> String {
        const PLAIN: &str = "a trace has no map whose keys are not text";
        let mut text = serde_json::to_string(&self.header).expect(PLAIN);
        text.push('\n');
        for event in &self.events {
            text.push_str(&serde_json::to_string(event).expect(PLAIN));
            text.push('\n');
        }
        text
    }

    /// Reads what [`to_json_lines`](Self::to_json_lines) writes.
    ///
    /// # Errors
    /// If it is no such file: see [`TraceError`].
    pub fn from_json_lines(text: &str) -> Result<TraceFile, TraceError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines.next().ok_or(TraceError::Empty)?;
        let header: TraceHeader = serde_json::from_str(first).map_err(TraceError::Header)?;
        if header.wavetank != "trace" || header.version != VERSION {
            return Err(TraceError::Version { wavetank: header.wavetank, version: header.version });
        }
        let mut events = Vec::new();
        for (place, line) in lines {
            let line_number = place + 1;
            let event: TraceEvent =
                serde_json::from_str(line).map_err(|source| TraceError::Event { line: line_number, source })?;
            if event.n != events.len() as u64 || event.cause.is_some_and(|cause| cause >= event.n) {
                return Err(TraceError::Order { line: line_number, n: event.n });
            }
            events.push(event);
        }
        Ok(TraceFile { header, events })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"wavetank":"trace","version":1,"simulation":"s","seed":1,"digest":"0","failures":[],"machines":[],"nodes":[],"overrides":0}"#;

    fn event(n: u64, cause: &str) -> String {
        format!(
            r#"{{"n":{n},"t":0,"machine":null,"node":null,"inc":null,"task":null,"kind":"phase","cause":{cause},"msg":null,"args":{{"name":"warm"}}}}"#
        )
    }

    fn check_bad(lines: &[&str], words: &str) {
        let error = TraceFile::from_json_lines(&lines.join("\n")).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = format!("{HEADER}\n{}\n{}\n", event(0, "null"), event(1, "0"));
        let file = TraceFile::from_json_lines(&text).expect("it is a trace");
        assert_eq!(file.events[1].text("name"), Some("warm"));
        assert_eq!(file.to_json_lines(), text);
    }

    #[test]
    fn other_files_are_refused() {
        check_bad(&[], "empty");
        check_bad(&["{}"], "no header");
        check_bad(&[&HEADER.replace("\"version\":1", "\"version\":9")], "version 9");
        check_bad(&[HEADER, "{}"], "line 2");
        check_bad(&[HEADER, &event(1, "null")], "event 1");
        check_bad(&[HEADER, &event(0, "0")], "event 0");
    }
}
