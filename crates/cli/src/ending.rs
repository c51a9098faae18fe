//! How a process ended, and whether by its own doing. What to make of that is its starter's
//! business.

use std::process::ExitStatus;

/// How a process ended, in words.
pub(crate) fn how(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => format!("died of {}", status.to_string().trim_end_matches(" (core dumped)")),
    }
}

/// Whether the process did it to itself: nobody sends SIGABRT, SIGSEGV and the like from
/// outside, and SIGKILL, SIGTERM, SIGINT and SIGHUP come from there.
pub(crate) fn is_own_fault(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        signal.is_some_and(|signal| ![1, 2, 9, 15].contains(&signal))
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}
