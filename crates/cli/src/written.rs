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
    if folder.exists() && !folder.is_dir() {
        return Err(Trouble::new(format!("--{flag} {}: it is a file: give a folder", folder.display())));
    }
    claim(folder).map_err(|error| unwritable(flag, folder, &error))
}

/// The same for a folder that no flag names.
///
/// # Errors
/// If files cannot be written there.
pub(crate) fn claim(folder: &Path) -> io::Result<()> {
    let trial = folder.join(".wavetank-trial");
    fs::create_dir_all(folder)?;
    let written = fs::write(&trial, b"may I?");
    // Where there is room for its name and none for what is in it, it is there all the same.
    written.and(removed(&trial))
}

/// Writes the file of a flag, and the folders that it lacks.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(flag: &str, path: &Path, text: &str) -> Result<(), Trouble> {
    make_folders(path).and_then(|()| put(path, text)).map_err(|error| unwritable(flag, path, &error))
}

/// Writes a file as a whole: one that is there stays as it is if there is no room for the new one.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn put(path: &Path, text: &str) -> io::Result<()> {
    // Behind a link it is the file that is meant; a pipe has no place to put another file in.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if real.exists() && !real.is_file() {
        return fs::write(&real, text);
    }
    let mut name = real.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".part-{}", std::process::id()));
    let part = real.with_file_name(name);
    let put = fs::write(&part, text).and_then(|()| fs::rename(&part, &real));
    put.inspect_err(|_| drop(fs::remove_file(&part)))
}

fn attempt(path: &Path) -> io::Result<()> {
    make_folders(path)?;
    let is_new = !path.exists();
    File::options().append(true).create(true).open(path)?;
    if is_new { removed(path) } else { Ok(()) }
}

/// Removes a file, unless another sweep that looked at the same time has.
fn removed(path: &Path) -> io::Result<()> {
    fs::remove_file(path).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn make_folders(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn unwritable(flag: &str, path: &Path, error: &io::Error) -> Trouble {
    Trouble::new(format!("--{flag} {}: it cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_leaves_what_was_there() {
        let folder = std::env::temp_dir().join(format!("wavetank-put-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (page, link) = (folder.join("page"), folder.join("link"));
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(&folder).expect("it is there").map(|one| one.expect("one").file_name()).collect();
            names.sort();
            names
        };
        put(&page, "old").expect("it is written");
        // As where the disk is full: nothing can be written beside it.
        let part = folder.join(format!("page.part-{}", std::process::id()));
        fs::create_dir(&part).expect("a folder");
        put(&page, "new").expect_err("there is no room");
        fs::remove_dir(&part).expect("it is still there");
        assert_eq!(fs::read_to_string(&page).expect("it is there"), "old");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&page, &link).expect("a link");
            put(&link, "new").expect("it is written");
            assert_eq!(fs::read_to_string(&page).expect("it is there"), "new");
            assert_eq!(names(), ["link", "page"]);
        }
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = std::env::temp_dir().join(format!("wavetank-file-{}", std::process::id()));
        fs::write(&file, "a file").expect("it is written");
        let told = claim_folder("out", &file).expect_err("it is a file").to_string();
        assert_eq!(told, format!("--out {}: it is a file: give a folder", file.display()));
        fs::remove_file(&file).expect("it is still there");
    }

    #[test]
    fn two_at_once_may_have_one_folder() {
        let folder = std::env::temp_dir().join(format!("wavetank-written-{}", std::process::id()));
        let claims = || (0..500).find_map(|_| claim_folder("out", &folder).err());
        let told: Vec<Option<Trouble>> = std::thread::scope(|scope| {
            let both = [scope.spawn(claims), scope.spawn(claims)];
            both.map(|one| one.join().expect("it does not panic")).into()
        });
        let left = fs::read_dir(&folder).expect("it is there").count();
        let _ = fs::remove_dir_all(&folder);
        assert_eq!((told, left), (vec![None, None], 0));
    }
}
