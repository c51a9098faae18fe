//! A process that runs some seeds a second time: started, heard run by run, and ended when it
//! says nothing for too long. What its prints are compared with is the check's business.

use super::print;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use wavetank_harness::RunPrint;

/// What such a process told.
#[derive(Debug)]
pub(super) struct Fresh {
    /// Of its runs, in their order.
    pub(super) prints: Vec<RunPrint>,
    /// What kept it from telling of all of them, if anything did.
    pub(super) early: Option<Early>,
}

/// Why a process has not told of all its runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Early {
    /// One of them took too long, and was ended.
    Hung,
    /// It ended before, in these words.
    Ended(String),
}

/// Runs a command that is to tell of so many runs, each within `timeout` of real time.
///
/// # Errors
/// If it cannot be started, or waited for.
pub(super) fn run(command: &mut Command, runs: u64, timeout: Duration) -> io::Result<Fresh> {
    // Ctrl-C is for us: we end after the runs that are under way.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // Held until all is told: with its end the process ends as well.
    let _stdin = child.stdin.take();
    let (lines, complaint) = listen(&mut child);
    let mut prints = Vec::new();
    let early = loop {
        if prints.len() as u64 == runs {
            break None;
        }
        match lines.recv_timeout(timeout) {
            Ok(line) => prints.extend(print::read(&line)),
            Err(RecvTimeoutError::Timeout) => break Some(Early::Hung),
            Err(RecvTimeoutError::Disconnected) => break Some(Early::Ended(ending(child.wait()?, &complaint))),
        }
    };
    // Nothing that it may still do is of interest.
    child.kill()?;
    child.wait()?;
    Ok(Fresh { prints, early })
}

/// The prints that a process writes, as they come, and the last line of its complaints.
fn listen(child: &mut Child) -> (Receiver<String>, Receiver<String>) {
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut stderr = child.stderr.take().expect("it is piped");
    let ((tell, told), (complain, complaint)) = (mpsc::channel(), mpsc::channel());
    std::thread::spawn(move || {
        // What else the program under test prints is no sign of a run that has ended.
        let prints = stdout.split(b'\n').map_while(Result::ok).filter_map(|line| {
            let line = String::from_utf8_lossy(&line).into_owned();
            print::is_marked(&line).then_some(line)
        });
        for line in prints {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = stderr.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        complain.send(said.lines().last().unwrap_or("without a word").to_string())
    });
    (told, complaint)
}

fn ending(status: ExitStatus, complaint: &Receiver<String>) -> String {
    /// What a process has started itself may hold the pipe open.
    const LAST_WORDS: Duration = Duration::from_secs(1);
    let last = complaint.recv_timeout(LAST_WORDS).unwrap_or_else(|_| "without a word".to_string());
    format!("ended with {status}: {last}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_harness::Digest;

    fn heard(script: &str) -> Fresh {
        let (digest, checkpoints, trace) = (Digest::default(), Vec::new(), Vec::new());
        let print = print::line(&RunPrint { seed: 7, digest, noted: 0, checkpoints, trace });
        let script = script.replace("PRINT", &format!("echo '{}'", print.trim()));
        run(Command::new("sh").args(["-c", &script]), 2, Duration::from_millis(500)).expect("there is a shell")
    }

    #[test]
    fn a_run_that_takes_too_long_is_ended_and_those_before_it_are_heard() {
        let Fresh { prints, early } = heard("PRINT; while true; do echo noise; sleep 0.1; done");
        assert_eq!((prints.len(), early), (1, Some(Early::Hung)));
        let Fresh { prints, early } = heard("sleep 0.3; PRINT; sleep 0.3; PRINT");
        assert_eq!((prints.len(), early), (2, None), "each has its own time");
    }

    #[test]
    fn a_process_that_ends_early_is_no_run_that_takes_too_long() {
        let Fresh { prints, early } = heard("PRINT; echo one >&2; echo two >&2; exit 3");
        assert_eq!((prints.len(), early), (1, Some(Early::Ended("ended with exit status: 3: two".to_string()))));
    }
}
