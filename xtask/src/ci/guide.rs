//! The guide step: the walk from a red sweep to a fixed bug, as docs/guide/red-seed.md
//! has it. Each of its commands is run, in order, and has to print what stands below it;
//! then its pictures are taken anew.
//!
//! What the commands do is the command line's business.

use super::Outcome;
use super::chromium::{Chromium, Found};
use super::picture::{self, Picture};
use crate::{program::Program, red::Red, workspace::Workspace};
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/guide/red-seed.md";

/// The pictures of the page, each of a file that one of its commands leaves.
const PICTURES: &[Picture] = &[
    Picture {
        name: "red-seed",
        of: "failures/checker-each-version-is-given-once-version-b48b21a6/timeline.html",
        keys: &[],
    },
    Picture { name: "red-seed-beside", of: "target/red-seed.html", keys: &["c", "d"] },
];

/// A command of the page, and what it has to print.
#[derive(Debug, PartialEq, Eq)]
struct Walk {
    /// Where it stands, from 1.
    line: usize,
    command: String,
    /// Its exit code.
    code: i32,
    /// Lines in order; `...` stands for any lines, also for none.
    printed: Vec<String>,
}

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let path = workspace.root.join(PAGE);
    let page = fs::read_to_string(&path).map_err(|error| Red::new(format!("{PAGE}: {error}")))?;
    check_figures(&page, &workspace.root)?;
    let walks = walks(&page)?;
    if walks.is_empty() {
        return Err(Red::new(format!("{PAGE} has no command: begin a block with ```sh")));
    }
    let chromium = Chromium::find(workspace)?;
    // Until the end: later commands run what is in them.
    let mut copied = Vec::new();
    for walk in walks {
        copied.extend(walk.copied(&workspace.root)?);
        walk.take(&workspace.root)?;
    }
    drop(copied);
    picture::mentioned(PAGE, &page, PICTURES)?;
    match chromium {
        Found::Ready(chromium) => picture::take(&chromium, workspace, PAGE, PICTURES).map(|()| Outcome::Green),
        Found::Lacking(reason) => Ok(Outcome::Skipped(format!("all but the pictures: {reason}"))),
    }
}

impl Walk {
    /// Runs it, and looks at what it prints.
    fn take(&self, root: &Path) -> Result<(), Red> {
        let Walk { line, command, code, printed } = self;
        let mut words = command.split_whitespace();
        let name = words.next().unwrap_or_default();
        let (ended, output) = Program::new(name, &words.collect::<Vec<_>>(), root).status_and_output()?;
        if ended != *code {
            return Err(Red::new(format!("{PAGE}:{line}: `{command}` ends with {ended}, not {code}\n{output}")));
        }
        follows(&output, printed).map_err(|missing| {
            Red::new(format!(
                "{PAGE}:{line}: `{command}` does not print the line `{missing}` where the page has it. It prints:\n{output}"
            ))
        })
    }

    /// What it copies into the checkout: it goes when the page has been walked.
    fn copied(&self, root: &Path) -> Result<Option<Copied>, Red> {
        let ["cp", _, to] = self.command.split_whitespace().collect::<Vec<_>>()[..] else { return Ok(None) };
        if Program::new("git", &["ls-files", "--error-unmatch", to], root).works() {
            return Err(Red::new(format!("{PAGE}:{}: `{}` would overwrite what git has", self.line, self.command)));
        }
        Ok(Some(Copied(root.join(to))))
    }
}

/// A file that goes when this does.
struct Copied(PathBuf);

impl Drop for Copied {
    fn drop(&mut self) {
        // The command that was to make it may have failed.
        let _ = fs::remove_file(&self.0);
    }
}

/// The figures of the last debugging campaign, as it left them.
#[derive(serde::Deserialize)]
struct Campaign {
    date: String,
    figures: Figures,
}

#[derive(serde::Deserialize)]
struct Figures {
    runs: u64,
    small: u64,
    minimal: u64,
    replays: u64,
    replays_same: u64,
}

/// The page's figures are those of the last recorded campaign.
fn check_figures(page: &str, root: &Path) -> Result<(), Red> {
    let folder = root.join("docs/campaigns");
    let unreadable = |error: &dyn std::fmt::Display| Red::new(format!("{}: {error}", folder.display()));
    let files = fs::read_dir(&folder).map_err(|error| unreadable(&error))?;
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let last = names.filter(|name| name.ends_with("-debugging.json")).max();
    let last = last.ok_or_else(|| unreadable(&"no campaign of debugging is recorded"))?;
    let text = fs::read_to_string(folder.join(&last)).map_err(|error| unreadable(&error))?;
    let Campaign { date, figures } = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    let Figures { runs, small, minimal, replays, replays_same } = figures;
    let words = [
        date,
        format!("{small} of {runs} runs"),
        format!("{minimal} of {runs}"),
        format!("{replays_same} of {replays} runs"),
    ];
    let missing = words.into_iter().filter(|words| !page.contains(words.as_str()));
    Red::unless_empty(missing.map(|words| format!("{PAGE} does not say \"{words}\", as {last} does")).collect())
}

/// The commands of a page: blocks that begin with "```sh", or "```sh exit=1", of one line
/// each, each with the next block that begins with "```text" if that follows at once.
fn walks(page: &str) -> Result<Vec<Walk>, Red> {
    let mut walks: Vec<Walk> = Vec::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((line, text)) = lines.next() {
        let Some(kind) = text.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```").collect();
        let mut words = kind.split_whitespace();
        match words.next() {
            Some("sh") => {
                let code = words.next().and_then(|word| word.strip_prefix("exit=")).map_or(Ok(0), str::parse);
                let code = code.map_err(|_| Red::new(format!("{PAGE}:{line}: exit= needs a number")))?;
                let [command] = block[..] else {
                    return Err(Red::new(format!("{PAGE}:{line}: a block of commands has one line")));
                };
                walks.push(Walk { line, command: command.to_string(), code, printed: Vec::new() });
            }
            Some("text") => {
                let last = walks.last_mut().filter(|walk| walk.printed.is_empty());
                let last = last.ok_or_else(|| Red::new(format!("{PAGE}:{line}: output without a command")))?;
                last.printed = block.into_iter().map(str::to_string).collect();
            }
            _ => {}
        }
    }
    Ok(walks)
}

/// Whether lines are printed as expected; else the first that is missing.
fn follows<'a>(output: &str, expected: &'a [String]) -> Result<(), &'a str> {
    let printed: Vec<&str> = output.lines().map(str::trim_end).collect();
    let (mut place, mut anywhere) = (0, true);
    for line in expected {
        if line.trim() == "..." {
            anywhere = true;
            continue;
        }
        let found = match anywhere {
            true => printed[place..].iter().position(|other| other == line).map(|ahead| place + ahead),
            false => (printed.get(place) == Some(&line.as_str())).then_some(place),
        };
        place = found.ok_or(line.as_str())? + 1;
        anywhere = false;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# A walk\n\n```sh exit=1\ncargo xtask sweep kv\n```\n\n```text\nkv: RED\n...\n  by a seed\n```\n\n```rust\nfn main() {}\n```\n\n```sh\nls\n```\n";

    #[test]
    fn commands_have_their_codes_and_their_output() {
        let walks = walks(SAMPLE).expect("it is well formed");
        let short: Vec<_> =
            walks.iter().map(|walk| (walk.line, walk.command.as_str(), walk.code, walk.printed.len())).collect();
        assert_eq!(short, [(3, "cargo xtask sweep kv", 1, 3), (17, "ls", 0, 0)]);
        assert!(super::walks("```text\nkv\n```").is_err(), "output without a command");
        assert!(super::walks("```sh\nls\nls\n```").is_err(), "two commands in a block");
    }

    #[test]
    fn output_follows_the_page_or_the_missing_line_is_named() {
        let expected = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        let output = "building\nkv: RED\nseed 3\n  by a seed\nbye";
        assert_eq!(follows(output, &expected(&["kv: RED", "...", "  by a seed"])), Ok(()));
        assert_eq!(follows(output, &expected(&["kv: RED", "  by a seed"])), Err("  by a seed"));
        assert_eq!(follows(output, &expected(&["...", "bye", "..."])), Ok(()));
        assert_eq!(follows(output, &expected(&["bye", "...", "kv: RED"])), Err("kv: RED"));
    }
}
