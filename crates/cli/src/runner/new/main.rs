//! The counter in production: on tokio, a real disk and a real network.

use std::error::Error;
use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use wavetank_tokio::TokioProviders;

const USAGE: &str = "usage: project-name serve ADDRESS FOLDER | project-name count ADDRESS";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("project-name: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match arguments {
        ["serve", at, folder] => {
            let address = address(at)?;
            let _lock = lock(Path::new(folder))?;
            project_name::serve(&TokioProviders::new(folder)?, address, None)
                .await
                .map_err(|error| format!("serving at {at} from {folder}: {error}"))?;
        }
        ["count", at] => {
            let counted = project_name::count(&TokioProviders::new(".")?, address(at)?).await;
            println!("{}", counted.map_err(|error| format!("{at}: {error}"))?);
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let hint = "is not an address such as 127.0.0.1:7000";
    text.parse().map_err(|_| format!("`{text}` {hint}"))
}

/// Takes the folder for this process alone, until it ends: two would count over each other.
fn lock(folder: &Path) -> Result<File, String> {
    let shown = folder.display();
    let unusable = |error| format!("cannot use {shown}: {error}");
    fs::create_dir_all(folder).map_err(unusable)?;
    let file = File::create(folder.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!("{shown} is in use by another process")),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
