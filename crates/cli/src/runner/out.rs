//! The folder for what machines read: a JSON file per simulation, and its red runs as
//! lines that are written at once. What is in them is the report's.

use crate::finding::Finding;
use crate::report::{CoverageReport, Report};
use crate::trouble::Trouble;
use crate::written;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder that can be written to.
pub(super) struct Out {
    folder: PathBuf,
}

impl Out {
    /// Makes sure, before anything runs, that reports can be written.
    ///
    /// # Errors
    /// If not.
    pub(super) fn claim(folder: &Path) -> Result<Out, Trouble> {
        written::claim_folder("out", folder)?;
        Ok(Out { folder: folder.to_path_buf() })
    }

    /// A simulation begins: its red runs are none yet.
    pub(super) fn begin(&self, simulation: &str) -> Result<(), Trouble> {
        let path = self.path(simulation, "red.jsonl");
        File::create(&path).map(drop).map_err(|error| cannot(&path, &error))
    }

    /// Appends a red run.
    pub(super) fn append(&self, finding: &Finding) -> Result<(), Trouble> {
        let path = self.path(&finding.simulation, "red.jsonl");
        let line = format!("{}\n", finding.to_json());
        let append = || OpenOptions::new().create(true).append(true).open(&path)?.write_all(line.as_bytes());
        append().map_err(|error| cannot(&path, &error))
    }

    /// Writes a report under its simulation's name.
    pub(super) fn write(&self, report: &Report) -> Result<(), Trouble> {
        write_json(&self.path(&report.name, "json"), report)
    }

    /// Writes what a target's sweep did not show.
    pub(super) fn write_coverage(&self, report: &CoverageReport) -> Result<(), Trouble> {
        write_json(&self.path(&report.target, "coverage.json"), report)
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", name.replace('/', ".")))
    }
}

/// Writes JSON for machines and people.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Trouble> {
    let mut json = serde_json::to_string_pretty(value).expect("a report has nothing that JSON lacks");
    json.push('\n');
    written::put(path, &json).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new(format!("{}: it cannot be written: {error}", path.display()))
}
