//! The ping-pong on a real network. Owns the command line only.

use ping_pong::{Client, ClientOptions, Ping, Server, answer};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_tokio::TokioProviders;

const USAGE: &str = "usage: ping-pong serve [ADDRESS] | ping-pong ping [ADDRESS] [COUNT]";
const ADDRESS: &str = "127.0.0.1:5000";
const COUNT: &str = "3";

enum Command {
    Serve(SocketAddr),
    Ping(SocketAddr, u64),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match parse(&arguments) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("ping-pong: {error}; {USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ping-pong: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<Command, String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let address = |text: &str| text.parse().map_err(|_| format!("`{text}` is not an address such as {ADDRESS}"));
    let count = |text: &str| text.parse().map_err(|_| format!("`{text}` is not a number of pings"));
    match arguments[..] {
        ["serve"] => Ok(Command::Serve(address(ADDRESS)?)),
        ["serve", at] => Ok(Command::Serve(address(at)?)),
        ["ping"] => Ok(Command::Ping(address(ADDRESS)?, count(COUNT)?)),
        ["ping", to] => Ok(Command::Ping(address(to)?, count(COUNT)?)),
        ["ping", to, often] => Ok(Command::Ping(address(to)?, count(often)?)),
        [] => Err("a command is missing".to_string()),
        [other, ..] => Err(format!("`{other}` and what follows is no command")),
    }
}

async fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    let world = TokioProviders::new(".")?;
    match command {
        Command::Serve(at) => {
            let server = Server::bind(&world, at).await.map_err(|error| format!("cannot listen on {at}: {error}"))?;
            let name = server.local_addr().to_string();
            println!("listening on {name}");
            answer(&world, server, &name, |pong| println!("ping {}: {}", pong.sequence, pong.text)).await?;
        }
        Command::Ping(to, count) => {
            let mut client = Client::new(world.clone(), to, ClientOptions::default());
            for sequence in 1..=count {
                let start = world.now();
                let pong = client.request(&Ping { sequence, text: "hello".to_string() }).await?;
                println!("pong {} from {} after {:?}", pong.sequence, pong.server, world.now() - start);
                world.sleep(Duration::from_millis(100)).await;
            }
        }
    }
    Ok(())
}
