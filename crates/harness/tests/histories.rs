//! The program of the guide's chapter on histories, run and held against the page. What a
//! history may be is tested in `wavetank-check`.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_check::{History, Limits, Register, RegisterOp, RegisterRet, linearizable};
use wavetank_core::{Providers, TcpListener};
use wavetank_harness::{Chaos, Finished, SimContext, SimulationBuilder};

/// The page.
const PAGE: &str = include_str!("../../../docs/guide/histories.md");

async fn serve(context: SimContext, late: bool) -> std::io::Result<()> {
    let world = context.providers();
    let listener = world.bind((context.ip(), 80).into()).await?;
    let register = Arc::new(Mutex::new(0));
    loop {
        let (mut stream, _) = listener.accept().await?;
        let Ok(Ok(asked)) = world.timeout(Duration::from_secs(1), stream.read_u8()).await else { continue };
        if asked != 0 && late {
            let (later, register) = (world.clone(), register.clone());
            drop(world.spawn(async move {
                later.sleep(Duration::from_millis(100)).await;
                *register.lock().expect("nobody panics") = asked;
            }));
        } else if asked != 0 {
            *register.lock().expect("nobody panics") = asked;
        }
        let answer = *register.lock().expect("nobody panics");
        let _ = stream.write_u8(answer).await; // Who asked may be gone.
    }
}

type Seen = History<RegisterOp<u8>, RegisterRet<u8>>;

async fn client(context: SimContext) {
    let (world, seen) = (context.providers(), context.shared::<Seen>());
    for mut operation in context.operations(5..=10, &["read", "write"]) {
        let op = match operation.verb() {
            "read" => RegisterOp::Read,
            _ => RegisterOp::Write(1 + operation.below(9) as u8),
        };
        let ticket = seen.with(|seen| seen.invoke(context.number(), op, world.now().since_origin()));
        let answer = world.timeout(Duration::from_secs(1), ask(&context, op)).await;
        if let Ok(Ok(ret)) = answer {
            seen.with(|seen| seen.complete(ticket, ret, world.now().since_origin()));
        } // Otherwise nobody knows: the ticket is dropped, the operation stays pending.
        world.sleep(operation.pause(Duration::ZERO, Duration::from_millis(200))).await;
    }
}

async fn ask(context: &SimContext, op: RegisterOp<u8>) -> std::io::Result<RegisterRet<u8>> {
    let server = (context.topology().ip("server"), 80).into();
    let mut stream = context.providers().connect(server).await?;
    let (byte, is_read) = match op {
        RegisterOp::Read => (0, true),
        RegisterOp::Write(value) => (value, false),
    };
    stream.write_u8(byte).await?;
    let value = stream.read_u8().await?;
    Ok(if is_read { RegisterRet::Value(value) } else { RegisterRet::Written })
}

fn judge(run: &Finished) -> Result<(), String> {
    let model = Register { initial: 0 };
    let verdict = run.shared::<Seen>().with(|seen| linearizable(&model, seen, Limits::default()));
    if let Some(violation) = verdict.violation() {
        run.explain(violation); // So that the run's timeline shows it.
    }
    verdict.into_result()
}

fn simulation(late: bool) -> SimulationBuilder {
    // Cuts and slow links only: what this service remembers, a crash would take with it.
    let storm = Chaos::storm(Duration::from_secs(2));
    let chaos = Chaos { crashes: 0..=0, machine_crashes: 0..=0, power_losses: 0..=0, ..storm };
    SimulationBuilder::new()
        .process("server", 1, move |context| serve(context, late))
        .workload("client", 2..=3, client)
        .with_checker("linearizable", judge)
        .with_chaos(chaos)
}

#[test]
fn the_bug_is_found_and_nothing_else_is() {
    simulation(false).run().assert_green();
    let red = simulation(true).run();
    assert!(red.to_string().contains("the history is not linearizable: no order explains `read -> "));
}

#[test]
fn the_page_shows_what_is_printed() {
    let (mut seen, at) = (Seen::default(), Duration::from_millis);
    let first = seen.invoke(0, RegisterOp::Write(4), at(1));
    let slow = seen.invoke(2, RegisterOp::Read, at(2));
    seen.complete(first, RegisterRet::Written, at(3));
    drop(seen.invoke(1, RegisterOp::Write(9), at(4)));
    seen.complete(slow, RegisterRet::Value(9), at(5));
    drop(seen.invoke(1, RegisterOp::Write(7), at(6)));
    let stale = seen.invoke(0, RegisterOp::Read, at(7));
    seen.complete(stale, RegisterRet::Value(4), at(8));
    let shown = linearizable(&Register { initial: 0 }, &seen, Limits::default()).to_string();
    assert!(PAGE.contains(&format!("```text\n{shown}\n```")), "{shown}");
}

#[test]
fn the_page_shows_what_is_run() {
    // Without what differs in a test: how far a line is indented.
    let plain = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let run = plain(include_str!("histories.rs"));
    let blocks: Vec<_> = PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 4, "the page has its code");
    for block in blocks {
        assert!(run.contains(&plain(block)), "this stands in the page, and not here:\n{block}");
    }
}
