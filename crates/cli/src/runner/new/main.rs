//! The counter in production: on tokio, a real disk and a real network.

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

async fn run(arguments: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    match arguments {
        ["serve", address, folder] => {
            std::fs::create_dir_all(folder)?;
            project_name::serve(&TokioProviders::new(folder)?, address.parse()?, None).await?;
        }
        ["count", address] => {
            println!(
                "{}",
                project_name::count(&TokioProviders::new(".")?, address.parse()?).await?
            );
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
