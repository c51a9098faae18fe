//! What the disks tell of a run that keeps its story: which file, which bytes, how an
//! operation came out, what a crash took. Changes nothing, and is called only in such runs.

use crate::errno::Errno;
use crate::handle::Handle;
use crate::operation::{Answer, Request};
use std::ffi::OsStr;
use wavetank_engine::{MachineId, Target, Telling, Value, name_key};

/// Marks an operation under way.
const SUBMITTED: u64 = name_key("storage.submit");
/// Marks the last write to a file.
const WRITTEN: u64 = name_key("storage.write");
/// Marks what a crash took of a file.
const TAKEN: u64 = name_key("storage.lost");

/// Bytes of a file are read in the page cache.
pub(crate) fn reads(telling: &mut Telling<'_>, handle: &Handle, file: u64, offset: u64, bytes: usize) {
    place(telling, handle, offset, bytes);
    telling.also((file, WRITTEN)).also((file, TAKEN));
}

/// Bytes of a file are written in the page cache.
pub(crate) fn writes(telling: &mut Telling<'_>, handle: &Handle, file: u64, offset: u64, bytes: usize) {
    place(telling, handle, offset, bytes);
    telling.marked((file, WRITTEN));
}

fn place(telling: &mut Telling<'_>, handle: &Handle, offset: u64, bytes: usize) {
    telling.arg("path", handle.path.display().to_string()).arg("offset", offset).arg("bytes", bytes);
}

/// An open file gets another size.
pub(crate) fn resizes(telling: &mut Telling<'_>, handle: &Handle, file: u64, size: u64) {
    telling.arg("path", handle.path.display().to_string()).arg("size", size).marked((file, WRITTEN));
}

/// An operation is handed to a disk.
pub(crate) fn submits(telling: &mut Telling<'_>, name: u64, request: &Request, due: u64, bytes: u64) {
    let message = telling.short("s", name);
    telling.message(&message).marked((name, SUBMITTED));
    asks(telling, request);
    telling.arg("bytes", bytes).arg("due", due);
}

/// What an operation asks for, before it is used up.
pub(crate) fn asks(telling: &mut Telling<'_>, request: &Request) {
    telling.arg("op", request.word()).arg("path", request.path().display().to_string());
    match request {
        Request::Rename { to, .. } => {
            telling.arg("to", to.path.display().to_string());
        }
        Request::Fetch { offset, len, .. } => {
            telling.arg("offset", *offset).arg("len", *len);
        }
        _ => {}
    }
}

/// An operation has landed, or was lost with its process.
pub(crate) fn lands(telling: &mut Telling<'_>, machine: u32, name: u64, verdict: &str) {
    telling.on_machine(MachineId(machine)).after((name, SUBMITTED));
    let told = telling.find((name, SUBMITTED));
    for word in ["op", "path"] {
        if let Some(Value::Text(text)) = told.and_then(|number| telling.said(number, word)).cloned() {
            telling.arg(word, text);
        }
    }
    telling.arg("verdict", verdict);
}

/// How an operation came out, in a word.
pub(crate) fn verdict(answer: &Result<Answer, Errno>) -> String {
    match answer {
        Ok(_) => "ok".to_string(),
        Err(error) => std::io::Error::from(*error).to_string(),
    }
}

/// A crash took a change of a file that was not durable, all of it or some of its sectors.
pub(crate) fn takes(telling: &mut Telling<'_>, target: Target, what: &str, file: u64, nth: u64, sectors: u64) {
    at(telling, target);
    let written = telling.find((file, WRITTEN));
    if let Some(Value::Text(path)) = written.and_then(|number| telling.said(number, "path")).cloned() {
        telling.arg("path", path);
    }
    telling.arg("what", what).arg("change", nth).arg("sectors", sectors);
    telling.also((file, WRITTEN)).marked((file, TAKEN));
}

fn at(telling: &mut Telling<'_>, target: Target) {
    if let Target::Machine(machine) = target {
        telling.on_machine(machine);
    }
}

/// A crash took a name of a directory that was not durable.
pub(crate) fn takes_name(telling: &mut Telling<'_>, target: Target, name: Option<&OsStr>) {
    at(telling, target);
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    telling.arg("what", "entry").arg("path", name);
}
