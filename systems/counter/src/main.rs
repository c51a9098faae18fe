//! The counter service on a real machine. Owns the command line only.

#![expect(clippy::disallowed_methods, reason = "it takes a directory of the real disk for itself")]

use counter::{Options, ServeError, serve};
use lexopt::prelude::*;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wavetank_tokio::TokioProviders;

const USAGE: &str = "usage: counter --listen ADDRESS --data DIRECTORY";

struct Arguments {
    listen: SocketAddr,
    data: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match parse(lexopt::Parser::from_env()) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("counter: {error}; {USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("counter: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for; nothing if it asks for help.
fn parse(mut parser: lexopt::Parser) -> Result<Option<Arguments>, lexopt::Error> {
    let (mut listen, mut data) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => listen = Some(address(&parser.value()?.string()?)?),
            Long("data") => data = Some(directory(parser.value()?)?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    let listen = listen.ok_or("--listen is missing")?;
    let data = data.ok_or("--data is missing")?;
    Ok(Some(Arguments { listen, data }))
}

fn directory(path: OsString) -> Result<PathBuf, &'static str> {
    if path.is_empty() { Err("--data is empty; `.` is the current directory") } else { Ok(path.into()) }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("--listen: `{text}` is not an address such as 127.0.0.1:8080"))
}

/// Takes the data for this process alone, which a second one would overwrite, until it ends,
/// however that is.
fn lock(data: &Path) -> Result<File, String> {
    let unusable = |error: std::io::Error| format!("cannot use {}: {error}", data.display());
    std::fs::create_dir_all(data).map_err(unusable)?;
    let file = File::create(data.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!("{} is in use by another process", data.display())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let _lock = lock(&arguments.data)?;
    let world = TokioProviders::new(&arguments.data)?;
    let shutdown = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the signal ends the process by itself.
            std::future::pending::<()>().await;
        }
    };
    let listening = |address| {
        // Nobody has to read it.
        let _ = writeln!(std::io::stdout(), "listening on {address}");
    };
    let served = serve(&world, Options { listen: arguments.listen, bug: None }, shutdown, listening).await;
    served.map_err(|error| match error {
        ServeError::Journal(error) => format!("{}: {error}", arguments.data.display()).into(),
        error => error.into(),
    })
}
