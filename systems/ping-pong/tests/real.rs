//! Ping-pong on tokio and the loopback.

#![expect(clippy::disallowed_methods, reason = "the real world is what is tested")]

use ping_pong::{Client, ClientOptions, Ping, Server, answer};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_tokio::TokioProviders;

fn world() -> TokioProviders {
    TokioProviders::new(".").expect("the operating system has entropy")
}

fn ping(sequence: u64) -> Ping {
    Ping { sequence, text: format!("text {sequence}") }
}

#[tokio::test]
async fn real_clients_get_their_own_answers() {
    let world = world();
    let server = Server::bind(&world, "127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let address = server.local_addr();
    let serving = world.clone();
    world.spawn(async move { answer(&serving, server, "real", |_| ()).await });
    let clients: Vec<_> = (0..10u64)
        .map(|number| {
            let mut client = Client::new(world.clone(), address, ClientOptions::default());
            world.spawn(async move {
                for round in 0..20 {
                    let ping = ping(number * 100 + round);
                    let pong = client.request(&ping).await.expect("nothing fails here");
                    assert_eq!((pong.sequence, pong.text, &*pong.server), (ping.sequence, ping.text, "real"));
                }
                client.stats()
            })
        })
        .collect();
    for client in clients {
        let stats = client.await.expect("no client panics");
        assert_eq!((stats.answered, stats.connections, stats.time_outs), (20, 1, 0));
    }
}

#[tokio::test]
async fn real_client_comes_back_to_a_server_that_restarts() {
    let world = world();
    let first = Server::bind(&world, "127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let address = first.local_addr();
    let serving = world.clone();
    let answering = world.spawn(async move { answer(&serving, first, "first", |_| ()).await });
    let mut client = Client::new(world.clone(), address, ClientOptions::default());
    assert_eq!(client.request(&ping(1)).await.expect("the server is up").server, "first");
    wavetank_core::JoinHandle::abort(&answering);
    let _ = answering.await;
    let serving = world.clone();
    world.spawn(async move {
        serving.sleep(Duration::from_millis(50)).await;
        let second = Server::bind(&serving, address).await.expect("the port is free again");
        answer(&serving, second, "second", |_| ()).await
    });
    assert_eq!(client.request(&ping(2)).await.expect("it comes back").server, "second");
    assert_eq!(client.stats().connections, 2);
}

#[test]
fn real_binary_serves_and_pings() {
    let program = env!("CARGO_BIN_EXE_ping-pong");
    let mut server = Command::new(program)
        .args(["serve", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary is built");
    let mut lines = BufReader::new(server.stdout.take().expect("it is piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    let address = first.strip_prefix("listening on ").expect("it says where it listens");
    let pings = Command::new(program).args(["ping", address, "2"]).output().expect("the binary is built");
    server.kill().expect("it was running");
    server.wait().expect("it was killed");
    let said = String::from_utf8(pings.stdout).expect("text");
    assert!(pings.status.success() && said.lines().count() == 2 && said.starts_with("pong 1 from"), "{said}");
}

#[test]
fn a_bad_command_line_is_one_line_and_exit_2() {
    for arguments in [&[][..], &["dance"], &["serve", "here"], &["ping", "127.0.0.1:1", "many"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_ping-pong")).args(arguments).output().expect("the binary is built");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{arguments:?}: {said}");
    }
}
