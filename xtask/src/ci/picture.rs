//! The pictures of the guide: each is taken anew, and says what the one beside the page
//! says. Letters differ from machine to machine, so words are compared, not dots.
//!
//! What is on them is for `crates/debug/browser/picture.mjs` to say.

use std::fs;
use std::path::Path;

use super::chromium::Chromium;
use crate::{program::Program, red::Red, workspace::Workspace};

/// The folder of the pages, which holds their pictures and what they say.
const FOLDER: &str = "docs/guide";

/// If the environment variable of this name says `write`, the pictures are replaced.
const WRITES: &str = "WAVETANK_PICTURES";

/// A picture of a timeline.
pub(super) struct Picture {
    /// Its file's name without `.png`; what it says is in a `.txt`.
    pub(super) name: &'static str,
    /// The timeline, from the workspace's folder.
    pub(super) of: &'static str,
    /// The keys that are pressed before it is taken.
    pub(super) keys: &'static [&'static str],
}

/// Whether a page shows these pictures, and no other.
pub(super) fn mentioned(page: &str, text: &str, pictures: &[Picture]) -> Result<(), Red> {
    let shown: Vec<&str> =
        text.split("](").skip(1).filter_map(|rest| rest.split(')').next()?.strip_suffix(".png")).collect();
    let lacking = pictures.iter().filter(|one| !shown.contains(&one.name));
    let lacking = lacking.map(|one| format!("{page} does not show {}.png", one.name));
    let unknown = shown.iter().filter(|name| pictures.iter().all(|one| one.name != **name));
    Red::unless_empty(lacking.chain(unknown.map(|name| format!("{page}: no script takes {name}.png"))).collect())
}

/// Takes the pictures of a page, and compares what they say.
pub(super) fn take(chromium: &Chromium, workspace: &Workspace, page: &str, pictures: &[Picture]) -> Result<(), Red> {
    let folder = workspace.target.join("guide");
    fs::create_dir_all(&folder).map_err(|error| Red::new(format!("{}: {error}", folder.display())))?;
    let mut findings = Vec::new();
    for picture in pictures {
        let taken = folder.join(format!("{}.png", picture.name));
        let of = workspace.root.join(picture.of).display().to_string();
        let shown = taken.display().to_string();
        let words = chromium.script("picture.mjs", &[&[of.as_str(), &shown], picture.keys].concat()).output()?;
        let kept = workspace.root.join(FOLDER);
        let finding = match std::env::var(WRITES) {
            Ok(word) if word == "write" => picture.write(&taken, &words, &kept).map(|()| None)?,
            _ => picture.differs(&words, &kept)?,
        };
        findings.extend(finding.map(|what| {
            format!("{page}: {what}; it is now {shown}, and `{WRITES}=write cargo xtask ci guide` takes it over")
        }));
    }
    Red::unless_empty(findings)
}

impl Picture {
    /// Replaces the page's picture, and what it says.
    fn write(&self, taken: &Path, words: &str, folder: &Path) -> Result<(), Red> {
        let picture = folder.join(format!("{}.png", self.name));
        let failed = |error: std::io::Error| Red::new(format!("{}: {error}", picture.display()));
        fs::copy(taken, &picture).map_err(failed)?;
        let text = format!("{}\n\n{words}", self.headline(folder)?);
        fs::write(picture.with_extension("txt"), text).map_err(failed)
    }

    /// What of the page's picture is not as it is in these words.
    fn differs(&self, words: &str, folder: &Path) -> Result<Option<String>, Red> {
        let Picture { name, .. } = self;
        let text = fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap_or_default();
        let Some((headline, kept)) = text.split_once("\n\n") else {
            return Ok(Some(format!("nothing says what is on {name}.png")));
        };
        if headline != self.headline(folder)? {
            return Ok(Some(format!("{name}.png is not the picture that {name}.txt was read from")));
        }
        Ok(first_difference(kept, words).map(|what| format!("{name}.png is out of date: {what}")))
    }

    /// Names the very file that the words below it were read from.
    fn headline(&self, folder: &Path) -> Result<String, Red> {
        let file = format!("{}.png", self.name);
        let hash = Program::new("git", &["hash-object", "--no-filters", &file], folder).output()?;
        Ok(format!("What {file} says, by the script that took it. git hash-object: {}", hash.trim()))
    }
}

/// The first line in which what is shown is not what was kept.
fn first_difference(kept: &str, shown: &str) -> Option<String> {
    let (mut kept, mut shown) = (kept.lines(), shown.lines());
    loop {
        match (kept.next(), shown.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => {
                let say = |line: Option<&str>| line.map_or("nothing more".to_owned(), |line| format!("`{line}`"));
                return Some(format!("it has {} where {} should be", say(one), say(other)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_what_is_taken_and_nothing_else() {
        let pictures = [Picture { name: "one", of: "", keys: &[] }];
        let check = |text: &str| mentioned("page", text, &pictures).map_err(|red| red.to_string());
        assert_eq!(check("a [link](two.md), ![a picture](one.png) and text"), Ok(()));
        assert_eq!(check("![a picture](one.txt)"), Err("page does not show one.png".to_owned()));
        assert_eq!(check("![](one.png) ![](two.png)"), Err("page: no script takes two.png".to_owned()));
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb"), None);
        assert_eq!(first_difference("a\nb", "a\nc").as_deref(), Some("it has `b` where `c` should be"));
        assert_eq!(first_difference("a", "a\nc").as_deref(), Some("it has nothing more where `c` should be"));
    }
}
