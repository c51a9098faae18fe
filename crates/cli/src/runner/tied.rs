//! A target's process that is tied to this one: its standard input is closed when somebody wants
//! an end, and when this process is gone. It tells what it has then.

use crate::interruption::Interruption;
use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;

/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Waits for a process that was started with a pipe to read from.
///
/// # Errors
/// If the operating system does not say how it ended.
pub(super) fn wait(child: &mut Child, interruption: &Interruption) -> io::Result<ExitStatus> {
    // `Child::wait` would close it at once.
    let mut stdin = child.stdin.take();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interruption.is_wanted() {
            drop(stdin.take());
        }
        std::thread::park_timeout(LOOK);
    }
}
