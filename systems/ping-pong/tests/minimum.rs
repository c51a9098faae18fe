//! The smallest run that shows the planted bug, as told by hand: what shrinking is held
//! against. It counts its faults and operations itself, and the manifest says how many.
#![cfg(feature = "bugs")]

use ping_pong::{Bug, Client, ClientOptions, Ping, Server, answer};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use wavetank_harness::Tank;

const PORT: u16 = 5000;

/// Two pings, and a server that stands still during the first for longer than one attempt
/// waits: whether the second gets the late answer, and how many faults and operations
/// there were.
fn story(bug: Option<Bug>) -> (bool, usize, usize) {
    let mut tank = Tank::new(1);
    tank.host("server", |world| async move {
        let server = Server::bind(&world, SocketAddr::from(([0, 0, 0, 0], PORT))).await?;
        answer(&world, server, "server", |_| ()).await
    });
    let server = SocketAddr::new(tank.ip("server"), PORT);
    let (asked, is_wrong) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let (asking, wrong) = (asked.clone(), is_wrong.clone());
    tank.client("client", move |world| {
        let (asking, wrong) = (asking.clone(), wrong.clone());
        async move {
            let mut client = Client::new(world, server, ClientOptions { bug, ..ClientOptions::default() });
            for sequence in 1..=2 {
                asking.set(asking.get() + 1);
                let pong = client.request(&Ping { sequence, text: String::new() }).await.map_err(|error| error.last)?;
                wrong.set(wrong.get() || pong.sequence != sequence);
            }
            std::io::Result::Ok(())
        }
    });
    // It listens, and the first ping is on its way.
    tank.run_for(Duration::from_micros(1));
    tank.pause("server");
    tank.run_for(ClientOptions::default().timeout * 3 / 2);
    tank.resume("server");
    tank.run().expect("both are answered");
    (is_wrong.get(), tank.faults(), asked.get())
}

#[test]
fn taking_any_answer_takes_one_that_is_late() {
    let bug = Bug::named("take-any-answer").expect("it is compiled in");
    let (is_wrong, faults, operations) = story(Some(bug));
    assert!(is_wrong, "the second ping gets the late answer to the first");
    let minimum = format!("minimum = {{ faults = {faults}, operations = {operations} }}");
    assert!(include_str!("../Cargo.toml").contains(&minimum), "the manifest does not say {minimum}");
    assert!(!story(None).0, "wrong without the bug");
}
