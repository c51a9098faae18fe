//! A chapter of the guide, held against the code that it shows.

/// A chapter, and the files in which its snippets stand.
pub(crate) struct Chapter {
    pub(crate) text: &'static str,
    pub(crate) sources: &'static [&'static str],
}

impl Chapter {
    /// Each line of each Rust snippet stands in one of the sources, and those of a snippet
    /// together: a line of dots stands for what was left out.
    pub(crate) fn check(&self) {
        let snippets = self.snippets();
        assert!(snippets.len() > 2, "a chapter shows code");
        for snippet in snippets {
            for part in snippet.split("\n// ..\n") {
                let part = part.trim_matches('\n');
                let is_shown = self.sources.iter().any(|source| contains(source, part));
                assert!(is_shown, "no source has these lines together:\n{part}");
            }
        }
    }

    /// The chapter has these words.
    pub(crate) fn says(&self, words: &str) {
        assert!(self.text.contains(words), "the chapter does not say `{words}`");
    }

    fn snippets(&self) -> Vec<String> {
        let mut snippets = Vec::new();
        let mut open: Option<Vec<&str>> = None;
        for line in self.text.lines() {
            match (&mut open, line) {
                (None, "```rust") => open = Some(Vec::new()),
                (Some(lines), "```") => {
                    snippets.push(lines.join("\n"));
                    open = None;
                }
                (Some(lines), line) => lines.push(line),
                (None, _) => (),
            }
        }
        snippets
    }
}

/// Whether the lines of `part` stand in `source`, at whatever depth.
fn contains(source: &str, part: &str) -> bool {
    let source: Vec<&str> = source.lines().map(str::trim).collect();
    let part: Vec<&str> = part.lines().map(str::trim).collect();
    source.windows(part.len()).any(|window| window == part)
}
