//! Isolation: one process per seed, for code with state that a process has once. Owns
//! how such a process is started, timed and heard; what a run does in it is a worker's.

use crate::failure::{Failure, human};
use crate::metrics::SimulationMetrics;
use crate::panic_site;
use crate::simulation::Simulation;
use crate::worker::{RunOutcome, Worker};
use std::cell::Cell;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wavetank_engine::{Decisions, Digest, Tally};
use wavetank_probe::{Count, Site, catalogue};

/// Where the runs of a simulation happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// In this process, side by side on its threads.
    #[default]
    Threads,
    /// Each in a process of its own, which is this program started again: for code
    /// with state that a process has only once, and for code that may abort, exit or
    /// hang. That is then a [`Failure::Process`] of its seed. Starting a process
    /// costs some milliseconds a seed.
    Process {
        /// Real time after which a run's process is killed, and its seed red.
        timeout: Duration,
    },
}

impl Isolation {
    pub(crate) fn errands(self) -> Option<Errands> {
        match self {
            Isolation::Threads => None,
            Isolation::Process { timeout } => Some(Errands { begin, timeout }),
        }
    }
}

/// The way to processes of their own, as a value: a program that never asks for it does not
/// contain what it takes, which would lie between what it uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errands {
    begin: Begin,
    pub(crate) timeout: Duration,
}

type Begin = fn(&Arc<Simulation>, Duration, Option<&[OsString]>) -> Option<Box<dyn Apart>>;

impl Errands {
    /// What runs the seeds of a sweep that begins now, by `arguments`, which lead to the
    /// simulation; by default those of the test that this thread runs. [`None`]: this
    /// process is there for a run of another sweep. Does not return if it is there for
    /// one of this.
    pub(crate) fn begin(self, simulation: &Arc<Simulation>, arguments: Option<&[OsString]>) -> Option<Box<dyn Apart>> {
        (self.begin)(simulation, self.timeout, arguments)
    }
}

/// What runs seeds in processes of their own.
pub(crate) trait Apart: Sync {
    /// Runs a seed.
    fn run(&self, seed: u64) -> ToldRun;
}

/// The environment variable that tells a process which run it is for.
const ERRAND: &str = "WAVETANK_ISOLATED";
/// What begins the line with a run's outcome: the program under test may print, too.
const MARK: &str = "wavetank-outcome:";
/// How long the words of a process that has ended may take to arrive: a process that
/// it started itself may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Bytes of complaints that are kept.
const COMPLAINTS_MOST: usize = 64 << 10;

thread_local! {
    /// Isolated sweeps that began on this thread: a test may have several.
    static BEGUN: Cell<u64> = const { Cell::new(0) };
}

/// Which run a process is for.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Errand {
    simulation: String,
    /// Which of the isolated sweeps of its thread.
    nth: u64,
    seed: u64,
}

/// A run as another process can be told of it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct ToldRun {
    pub(crate) outcome: RunOutcome,
    /// Events folded into the digest.
    pub(crate) noted: u64,
    /// By the index of the kind.
    pub(crate) tallies: Vec<(usize, Tally)>,
    #[serde(with = "by_index")]
    pub(crate) coverage: Vec<(&'static Site, Count)>,
}

/// How this program comes to the same simulation again, in another process.
#[derive(Debug)]
struct Launch {
    arguments: Vec<OsString>,
    /// Whether the test must not run on the main thread there, as it does not here.
    named_thread: bool,
    simulation: String,
    nth: u64,
    timeout: Duration,
}

/// See [`Errands::begin`].
fn begin(simulation: &Arc<Simulation>, timeout: Duration, arguments: Option<&[OsString]>) -> Option<Box<dyn Apart>> {
    // Arguments of its own lead to one simulation only.
    let nth = if arguments.is_some() { 0 } else { BEGUN.replace(BEGUN.get() + 1) };
    if let Ok(errand) = std::env::var(ERRAND) {
        let errand: Errand = serde_json::from_str(&errand).expect("this program wrote it");
        if *errand.simulation == *simulation.name && errand.nth == nth {
            run_and_end(simulation.clone(), errand.seed);
        }
        return None;
    }
    let own = || std::env::args_os().skip(1).collect();
    let thread = std::thread::current();
    let (arguments, named_thread) = match (arguments, thread.name()) {
        (Some(arguments), _) => (arguments.to_vec(), false),
        // The thread of a test is called as the test is.
        (None, Some(name)) if name != "main" => {
            ([name, "--exact", "--include-ignored", "--nocapture"].map(OsString::from).to_vec(), true)
        }
        (None, _) => (own(), false),
    };
    Some(Box::new(Launch { arguments, named_thread, simulation: simulation.name.clone(), nth, timeout }))
}

/// Runs the one seed that this process is there for, tells of it, and ends the process.
fn run_and_end(simulation: Arc<Simulation>, seed: u64) -> ! {
    end_with_stdin();
    let mut worker = Worker::new(simulation);
    let outcome = worker.run(Decisions::of(seed), None);
    let noted = worker.noted();
    let tallies = worker.faults(|faults| faults.tallies().iter().map(|(kind, tally)| (kind, *tally)).collect());
    let coverage = worker.take_coverage();
    let reached = coverage.iter().filter(|(_, count)| count.hits() > 0).collect();
    let told = ToldRun { outcome, noted, tallies, coverage: reached };
    let json = serde_json::to_string(&told).expect("a run's outcome has nothing that JSON lacks");
    let mut stdout = io::stdout().lock();
    // Who does not hear it sees a process that ended without a word.
    let _ = stdout.write_all(format!("\n{MARK}{json}\n").as_bytes()).and_then(|()| stdout.flush());
    std::process::exit(0)
}

/// Ends this process when whoever started it is gone: a run may have no end.
#[expect(clippy::disallowed_methods, reason = "it waits for a pipe of the real world; no run sees it")]
fn end_with_stdin() {
    std::thread::spawn(|| {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

impl Apart for Launch {
    fn run(&self, seed: u64) -> ToldRun {
        self.try_run(seed).unwrap_or_else(|what| {
            let (digest, failures) = (Digest::default(), vec![Failure::Process { what }]);
            let metrics = SimulationMetrics::default();
            let outcome = RunOutcome { digest, events: 0, polls: 0, virtual_time: 0, failures, metrics };
            ToldRun { outcome, noted: 0, tallies: Vec::new(), coverage: Vec::new() }
        })
    }
}

impl Launch {
    #[expect(clippy::disallowed_methods, reason = "a run in a process of its own is the one in a thread")]
    fn try_run(&self, seed: u64) -> Result<ToldRun, String> {
        let cannot = |error: io::Error| format!("could not be started: {error}");
        let errand = Errand { simulation: self.simulation.clone(), nth: self.nth, seed };
        let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
        command.args(&self.arguments).env(ERRAND, serde_json::to_string(&errand).expect("an errand is plain"));
        if self.named_thread {
            // With one thread for tests, a test would run on the main thread.
            command.env("RUST_TEST_THREADS", "2");
        }
        // Ctrl-C is for us: we end after the runs that are under way.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(cannot)?;
        let said = listen(child.stdout.take().expect("it is piped"), usize::MAX);
        let complained = listen(child.stderr.take().expect("it is piped"), COMPLAINTS_MOST);
        let status = wait(&mut child, self.timeout);
        let (said, complained) = (said.hear(), complained.hear());
        let told =
            said.lines().filter_map(|line| line.split_once(MARK)).find_map(|(_, json)| serde_json::from_str(json).ok());
        match (status, told) {
            (_, Some(told)) => Ok(told),
            (Ok(None), None) => Err(format!("did not end within {}", human(self.timeout))),
            (Ok(Some(status)), None) => Err(ending(status, &complained)),
            (Err(error), None) => Err(format!("could not be waited for: {error}")),
        }
    }
}

/// How a process ended that should have told of a run, in words.
fn ending(status: ExitStatus, complaint: &str) -> String {
    let how = match status.code() {
        Some(code) => format!("ended with exit code {code} before the run did"),
        None => format!("died of {}", status.to_string().trim_end_matches(" (core dumped)")),
    };
    let last = complaint.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let last = panic_site::last_words(complaint).or(last.map(str::to_string));
    last.map_or(how.clone(), |last| format!("{how}: {last}"))
}

/// Waits for the end of a process, but so long at most; then kills it.
#[expect(clippy::disallowed_methods, reason = "a process takes real time, which no run sees")]
fn wait(child: &mut Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= timeout {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// What comes out of a pipe, read by a thread of its own so that the writer never waits.
struct Words {
    bytes: Arc<Mutex<Vec<u8>>>,
    over: Receiver<()>,
}

/// Reads a pipe to its end, keeping the last `most` bytes.
fn listen(mut pipe: impl Read + Send + 'static, most: usize) -> Words {
    let (end, over) = mpsc::channel();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let kept = bytes.clone();
    #[expect(clippy::disallowed_methods, reason = "it waits for a pipe of the real world; no run sees it")]
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut part) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&part[..length]);
            let surplus = kept.len().saturating_sub(most);
            kept.drain(..surplus);
        }
        let _ = end.send(());
    });
    Words { bytes, over }
}

impl Words {
    fn hear(self) -> String {
        let _ = self.over.recv_timeout(LAST_WORDS);
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Sites as their numbers in this very program.
mod by_index {
    use super::{Count, Site, catalogue};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(counts: &[(&'static Site, Count)], to: S) -> Result<S::Ok, S::Error> {
        let plain: Vec<_> =
            counts.iter().map(|(site, count)| (site.index(), count.hits_true, count.hits_false)).collect();
        plain.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(&'static Site, Count)>, D::Error> {
        let plain = Vec::<(usize, u64, u64)>::deserialize(from)?;
        let counts = plain.into_iter().filter_map(|(index, hits_true, hits_false)| {
            Some((catalogue().at_index(index)?, Count { hits_true, hits_false }))
        });
        Ok(counts.collect())
    }
}
