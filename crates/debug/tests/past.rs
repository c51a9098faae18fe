//! The causal past of a failing read: the write that it saw is in it, and what another
//! client did on its own is not.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider, TcpListener};
use wavetank_debug::trace::{TraceEvent, TraceFile};
use wavetank_engine::tell;
use wavetank_harness::{Overrides, SimContext, SimulationBuilder};

const PORT: u16 = 80;

/// A register in a file: a byte is written to it, zero asks for it.
async fn register(context: SimContext) -> std::io::Result<()> {
    let world = context.providers();
    let options = OpenOptions { read: true, write: true, create: true, ..OpenOptions::default() };
    let file = Arc::new(world.storage().open("register", options).await?);
    let listener = world.bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let file = file.clone();
        drop(world.spawn(async move {
            while let Ok(byte) = stream.read_u8().await {
                let mut answer = [byte];
                if byte == 0 {
                    file.read_at(&mut answer, 0).await.expect("it is there");
                } else {
                    file.write_at(&answer, 0).await.expect("there is room");
                }
                stream.write_u8(answer[0]).await.expect("the client waits");
            }
        }));
    }
}

async fn ask(context: &SimContext, server: usize, client: &str, byte: u8) -> u8 {
    let ip = context.topology().processes[0].members[server].ip;
    let say = |kind, words: String| {
        tell(kind, move |telling| {
            telling.arg("client", client).arg("words", words);
        });
    };
    say("op.begin", format!("{client} asks {byte}"));
    let mut stream = context.providers().connect(SocketAddr::new(ip, PORT)).await.expect("it listens");
    stream.write_u8(byte).await.expect("it is open");
    let answer = stream.read_u8().await.expect("it answers");
    say("op.end", format!("{client} gets {answer}"));
    answer
}

/// Writer and reader use one register, the stranger the other; the reader finds what it
/// read wrong.
fn trace() -> TraceFile {
    let simulation = SimulationBuilder::new()
        .process("register", 2, register)
        .workload("writer", 1, |context: SimContext| async move {
            ask(&context, 0, "writer", 5).await;
        })
        .workload("stranger", 1, |context: SimContext| async move {
            ask(&context, 1, "stranger", 6).await;
        })
        .workload("reader", 1, |context: SimContext| async move {
            context.providers().sleep(Duration::from_secs(1)).await;
            assert_eq!(ask(&context, 0, "reader", 0).await, 0, "nobody has written");
        });
    let record = simulation.recorder().tell(1, Overrides::new());
    assert_eq!(record.failures.len(), 1, "{:?}", record.failures);
    TraceFile::of(&record).expect("it was told")
}

#[test]
fn the_past_of_a_read_holds_the_write_that_it_saw() {
    let trace = trace();
    let failure = trace.header.failures[0].event.expect("it has an event");
    let past = trace.causal_past(failure);
    let in_past = |is_it: &dyn Fn(&TraceEvent) -> bool| {
        trace.events.iter().filter(|event| is_it(event)).map(|event| past.contains(&event.n)).collect::<Vec<bool>>()
    };
    let says = |event: &TraceEvent, words: &str| event.text("words") == Some(words);
    assert_eq!(in_past(&|event| says(event, "reader gets 5")), [true]);
    assert_eq!(in_past(&|event| event.kind == "storage.write" && event.node == Some(0)), [true]);
    assert_eq!(in_past(&|event| says(event, "writer asks 5")), [true]);
    // What the writer was told came later than what the reader saw.
    assert_eq!(in_past(&|event| says(event, "writer gets 5")), [false]);
    let stranger = |event: &TraceEvent| event.node == Some(1) || event.text("client") == Some("stranger");
    let strange = in_past(&stranger);
    assert!(strange.len() > 10 && !strange.contains(&true), "{strange:?}");
}

#[test]
fn the_past_of_an_event_is_closed_and_before_it() {
    let trace = trace();
    let last = trace.events.last().expect("something happened").n;
    let past = trace.causal_past(last);
    assert!(past.contains(&last) && past.len() < trace.events.len());
    for &n in &past {
        let event = &trace.events[n as usize];
        assert!(event.causes().all(|cause| cause < n && past.contains(&cause)), "{event:?}");
        assert!(event.t <= trace.events[last as usize].t);
    }
    assert_eq!(trace.causal_past(0).len(), 1);
    let read = TraceFile::from_json_lines(&trace.to_json_lines()).expect("it is a trace");
    assert_eq!(read, trace);
}

/// Two tasks of a process wake a third, each over a channel of its own: after a sleep, or both
/// at once when one that sleeps has told them to. A last one sleeps by itself.
fn woken(seed: u64, at_once: bool) -> TraceFile {
    let simulation = SimulationBuilder::new().workload("client", 1, move |context: SimContext| async move {
        let world = context.providers();
        let mut heard = Vec::new();
        let told = Arc::new(tokio::sync::Notify::new());
        for number in 0..2 {
            let (send, receive) = tokio::sync::oneshot::channel();
            heard.push(receive);
            let (told, own) = (told.clone(), world.clone());
            drop(world.spawn(async move {
                if at_once {
                    told.notified().await;
                } else {
                    own.sleep(Duration::from_millis(10 * (number + 1))).await;
                }
                note(format!("sender {number} sends"));
                send.send(number).expect("somebody receives");
            }));
        }
        for (delay, sleeper) in [(5, "he tells them"), (1, "nobody cares")] {
            let (told, own) = (told.clone(), world.clone());
            drop(world.spawn(async move {
                own.sleep(Duration::from_millis(delay)).await;
                note(sleeper.to_string());
                if sleeper == "he tells them" {
                    told.notify_waiters();
                }
            }));
        }
        // It goes on when it has heard of both.
        poll_fn(|context| {
            heard.retain_mut(|receive| Pin::new(receive).poll(context).is_pending());
            if heard.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        panic!("that is too much");
    });
    TraceFile::of(&simulation.recorder().tell(seed, Overrides::new())).expect("it was told")
}

fn note(words: String) {
    tell("op.begin", move |telling| {
        telling.arg("words", words);
    });
}

#[track_caller]
fn check_woken(seed: u64, at_once: bool, wanted: &[(&str, bool)]) {
    let trace = woken(seed, at_once);
    let failure = trace.header.failures[0].event.expect("it has an event");
    let past = trace.causal_past(failure);
    for (words, is_past) in wanted {
        let event = trace.events.iter().find(|event| event.text("words") == Some(*words)).expect("it was said");
        assert_eq!(past.contains(&event.n), *is_past, "{words}");
        if *is_past {
            // What it says came of a timer: so its firing, and its arming, are in the past, too.
            let own = trace.causal_past(event.n);
            let fired = own.iter().map(|n| &trace.events[*n as usize]).filter(|one| one.kind == "timer.fire");
            let fired: Vec<u64> = fired.map(|one| one.n).collect();
            assert!(!fired.is_empty() && fired.iter().all(|n| past.contains(n)), "{words}: {fired:?}");
        }
    }
}

#[test]
fn the_past_goes_across_timers_and_channels() {
    let both = [("sender 0 sends", true), ("sender 1 sends", true), ("nobody cares", false)];
    for seed in 0..20 {
        check_woken(seed, false, &both);
        // Both may wake it before it is polled: then that poll has two causes.
        check_woken(seed, true, &both);
        check_woken(seed, true, &[("he tells them", true)]);
    }
}
