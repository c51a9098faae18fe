//! The key-value service on a real machine. Owns the command line, the lock of the data
//! directory and the signals.

mod lock;

use kv::{DirectoryError, Options, ServeError, serve};
use lexopt::prelude::*;
use lock::Lock;
use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use wavetank_tokio::TokioProviders;

const USAGE: &str = "usage: kv serve --data DIRECTORY --listen ADDRESS [--compact-bytes N]";

struct Arguments {
    data: PathBuf,
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match parse(lexopt::Parser::from_env()) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return complain(2, &format!("{error}; {USAGE}")),
    };
    let _lock = match Lock::take(&arguments.data) {
        Ok(lock) => lock,
        Err(error) => return complain(2, &error.to_string()),
    };
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Serve(ServeError::Directory(error))) => {
            let nothing_was_begun = matches!(error, DirectoryError::Damaged(_) | DirectoryError::Read(_));
            complain(if nothing_was_begun { 2 } else { 1 }, &format!("{}: {error}", arguments.data.display()))
        }
        Err(Ended::Serve(error @ ServeError::Listen { .. })) => complain(2, &error.to_string()),
        Err(error) => complain(1, &error.to_string()),
    }
}

/// One line and an exit code: 2 if nothing was begun, 1 if something failed later.
fn complain(code: u8, what: &str) -> ExitCode {
    eprintln!("kv: {what}");
    ExitCode::from(code)
}

/// What the command line asks for; nothing if it asks for help.
fn parse(mut parser: lexopt::Parser) -> Result<Option<Arguments>, lexopt::Error> {
    let (mut listen, mut data, mut compact_bytes, mut serves) = (None, None, None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(command) if command == "serve" && !serves => serves = true,
            Long("listen") => listen = Some(address(&parser.value()?.string()?)?),
            Long("data") => data = Some(directory(parser.value()?)?),
            Long("compact-bytes") => compact_bytes = Some(parser.value()?.parse()?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    if !serves {
        return Err("the command is missing".into());
    }
    let data = data.ok_or("--data is missing")?;
    let mut options = Options::new(listen.ok_or("--listen is missing")?);
    options.compact_bytes = compact_bytes.unwrap_or(options.compact_bytes);
    Ok(Some(Arguments { data, options }))
}

fn directory(path: OsString) -> Result<PathBuf, &'static str> {
    if path.is_empty() { Err("--data is empty; `.` is the current directory") } else { Ok(path.into()) }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("--listen: `{text}` is not an address such as 127.0.0.1:8080"))
}

#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("cannot begin: {0}")]
    Begin(#[from] std::io::Error),
}

async fn run(arguments: &Arguments) -> Result<(), Ended> {
    let world = TokioProviders::new(&arguments.data)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = async {
        wavetank_core::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    };
    let listening = |address| {
        // Nobody has to read it.
        let _ = writeln!(std::io::stdout(), "listening on {address}");
    };
    Ok(serve(&world, arguments.options, shutdown, listening).await?)
}
