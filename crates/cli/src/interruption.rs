//! Ctrl-C and kill: the first one is noted, so that what was found can be told; the
//! second one ends the process.

use crate::trouble::Trouble;
use crate::verdict::INTERRUPTED;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody wants this process to end.
#[derive(Debug, Clone)]
pub(crate) struct Interruption {
    wanted: Arc<AtomicBool>,
}

impl Interruption {
    /// Begins to listen.
    ///
    /// # Errors
    /// If the operating system does not let us.
    pub(crate) fn listen() -> Result<Interruption, Trouble> {
        let wanted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds the flag set and ends the process.
            flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), wanted.clone())
                .and_then(|_| flag::register(signal, wanted.clone()))
                .map_err(|error| Trouble::new(format!("cannot listen for Ctrl-C: {error}")))?;
        }
        Ok(Interruption { wanted })
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Takes the end of standard input for an interruption: whoever started us with a
    /// pipe closes it, or dies.
    pub(crate) fn when_stdin_ends(&self) {
        let wanted = self.wanted.clone();
        std::thread::spawn(move || {
            let mut stdin = std::io::stdin().lock();
            let mut ignored = [0; 64];
            while matches!(stdin.read(&mut ignored), Ok(length) if length > 0) {}
            wanted.store(true, Ordering::Relaxed);
        });
    }
}
