//! What a command writes where somebody says: a file, or a folder of them. Whether that can
//! be done is seen before anything runs, and folders are made. What is in them is the command's.

use crate::trouble::Trouble;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Sees whether a flag's file can be written, and makes the folders that it lacks. Leaves what
/// is there, and nothing else.
///
/// # Errors
/// If not.
pub(crate) fn claim_file(flag: &str, path: &Path) -> Result<(), Trouble> {
    let is_pipe = path.exists() && !path.is_file() && !path.is_dir();
    // Whoever reads it would take a trial for the end.
    if is_pipe { Ok(()) } else { attempt(path).map_err(|error| unwritable(flag, path, &error)) }
}

/// Makes the folder of a flag, and sees whether files can be written there.
///
/// # Errors
/// If not.
pub(crate) fn claim_folder(flag: &str, folder: &Path) -> Result<(), Trouble> {
    let trial = folder.join(".wavetank-trial");
    let made = fs::create_dir_all(folder).and_then(|()| fs::write(&trial, b"may I?"));
    made.and_then(|()| fs::remove_file(&trial)).map_err(|error| unwritable(flag, folder, &error))
}

/// Writes the file of a flag, and the folders that it lacks.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(flag: &str, path: &Path, text: &str) -> Result<(), Trouble> {
    make_folders(path).and_then(|()| fs::write(path, text)).map_err(|error| unwritable(flag, path, &error))
}

fn attempt(path: &Path) -> io::Result<()> {
    make_folders(path)?;
    let is_new = !path.exists();
    File::options().append(true).create(true).open(path)?;
    if is_new { fs::remove_file(path) } else { Ok(()) }
}

fn make_folders(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn unwritable(flag: &str, path: &Path, error: &io::Error) -> Trouble {
    Trouble::new(format!("--{flag} {}: it cannot be written: {error}", path.display()))
}
