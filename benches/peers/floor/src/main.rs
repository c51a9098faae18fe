//! The floor: what the same number of events costs without a simulator.
//!
//! `heap`: a plain loop over a `BinaryHeap` of `(time, seq)`; each event is one
//! push, one pop, one indirect call and one 64-byte copy. A binary-heap loop is
//! not a lower bound in any strict sense (a wheel can beat it), but it is the
//! simplest correct event loop, and what everything else should be compared to.
//!
//! With the environment variable `FLOOR=tokio`: a tokio current-thread runtime
//! with paused time, no nodes and no network: the cost of bare futures.

use peer_common::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

fn main() {
    if std::env::var("FLOOR").as_deref() == Ok("tokio") {
        peer_common::main("floor-tokio", tokio_run);
    } else {
        peer_common::main("floor-heap", heap_run);
    }
}

type Handler = fn(&mut Sim, usize, u64);

/// The event loop: events carry a slot in `slab`, which holds the handler, its
/// argument and the 64-byte message.
struct Sim {
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    slab: Vec<(Handler, u64, [u8; MSG])>,
    free: Vec<u32>,
    seq: u64,
    now: u64,
    events: u64,
    scratch: [u8; MSG],
    rngs: Vec<Rng>,
    left: Vec<u64>,
    lat: Rng,
}

impl Sim {
    fn new(seed: u64) -> Sim {
        Sim {
            heap: BinaryHeap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            seq: 0,
            now: 0,
            events: 0,
            scratch: [7; MSG],
            rngs: Vec::new(),
            left: Vec::new(),
            lat: Rng::new(seed),
        }
    }

    fn at(&mut self, delay: u64, h: Handler, arg: u64) {
        let slot = match self.free.pop() {
            Some(s) => {
                let e = &mut self.slab[s as usize];
                e.0 = h;
                e.1 = arg;
                e.2.copy_from_slice(&self.scratch);
                s
            }
            None => {
                self.slab.push((h, arg, self.scratch));
                self.slab.len() as u32 - 1
            }
        };
        self.seq += 1;
        self.heap.push(Reverse((self.now + delay, self.seq, slot)));
    }

    fn run(&mut self) {
        while let Some(Reverse((t, _, slot))) = self.heap.pop() {
            self.now = t;
            self.events += 1;
            let (h, arg, msg) = &self.slab[slot as usize];
            let (h, arg) = (*h, *arg);
            self.scratch.copy_from_slice(msg);
            self.free.push(slot);
            std::hint::black_box(h)(self, slot as usize, arg);
        }
    }

    fn latency(&mut self) -> u64 {
        100_000 + self.lat.draw() % 500_000
    }
}

// One exchange: a request event, then a response event.
fn on_request(s: &mut Sim, _: usize, c: u64) {
    let l = s.latency();
    s.at(l, on_response, c);
}

fn on_response(s: &mut Sim, _: usize, c: u64) {
    trace(s.now, c);
    s.left[c as usize] -= 1;
    if s.left[c as usize] > 0 {
        let l = s.latency();
        s.at(l, on_request, c);
    }
}

fn on_timer(s: &mut Sim, _: usize, c: u64) {
    trace(s.now, c);
    s.left[c as usize] -= 1;
    if s.left[c as usize] > 0 {
        let d = s.rngs[c as usize].millis() * 1_000_000;
        s.at(d, on_timer, c);
    }
}

fn on_beat(s: &mut Sim, _: usize, c: u64) {
    let l = s.latency();
    s.at(l, on_beat_received, c);
    s.left[c as usize] -= 1;
    if s.left[c as usize] > 0 {
        s.at(10_000_000_000, on_beat, c);
    }
}

fn on_beat_received(s: &mut Sim, _: usize, c: u64) {
    trace(s.now, c);
}

fn exchanges(pairs: u64, each: u64, seed: u64) -> Sim {
    let mut s = Sim::new(seed);
    s.left = vec![each; pairs as usize];
    for c in 0..pairs {
        let l = s.latency();
        s.at(l, on_request, c);
    }
    s.run();
    s
}

fn done(s: Sim, ops: u64) -> Option<Outcome> {
    Some(Outcome { ops, sim_ns: Some(s.now), events: Some(s.events) })
}

fn heap_run(a: &Args) -> Option<Outcome> {
    match a.workload.as_str() {
        "echo" | "echo1ms" => done(exchanges(ECHO_CLIENTS, a.n, a.seed), ECHO_CLIENTS * a.n),
        "timers" => {
            let mut s = Sim::new(a.seed);
            s.left = vec![a.n; TIMER_TASKS as usize];
            s.rngs = (0..TIMER_TASKS).map(Rng::new).collect();
            for c in 0..TIMER_TASKS {
                let d = s.rngs[c as usize].millis() * 1_000_000;
                s.at(d, on_timer, c);
            }
            s.run();
            done(s, TIMER_TASKS * a.n)
        }
        "spawn" => {
            // A task is a boxed closure, queued twice (it yields once).
            let mut q: std::collections::VecDeque<(u8, Box<dyn FnMut() -> u64>)> = Default::default();
            let mut sum = 0;
            for i in 0..a.n {
                let v = std::hint::black_box(i);
                q.push_back((0, Box::new(move || v)));
                while let Some((polls, mut f)) = q.pop_front() {
                    let r = f();
                    if polls == 0 {
                        q.push_back((1, f));
                    } else {
                        sum += r;
                    }
                }
                trace(0, i);
            }
            assert_eq!(sum, a.n * (a.n - 1) / 2);
            Some(Outcome { ops: a.n, ..Outcome::default() })
        }
        "seeds" | "seeds1" => {
            let mut events = 0;
            for seed in 0..a.n {
                events += exchanges(1, pingpong(&a.workload), seed).events;
            }
            Some(Outcome { ops: a.n, sim_ns: None, events: Some(events) })
        }
        "idle" => {
            let mut s = Sim::new(a.seed);
            s.left = vec![BEATS_PER_HOUR * a.n; IDLE_NODES as usize];
            for c in 0..IDLE_NODES {
                s.at(10_000_000_000, on_beat, c);
            }
            s.run();
            done(s, a.n)
        }
        "storage" | "storage-fs" => {
            // The data only: one copy in, one copy out, one comparison.
            let mut disk: Vec<u8> = Vec::new();
            let mut b = blank_block();
            for i in 0..a.n {
                block(i, &mut b);
                disk.extend_from_slice(&b[..]);
            }
            let mut got = [0u8; BLOCK];
            for i in 0..a.n {
                got.copy_from_slice(&disk[i as usize * BLOCK..][..BLOCK]);
                check_block(i, &mut b, std::hint::black_box(&got));
                trace(0, i);
            }
            Some(Outcome { ops: a.n, ..Outcome::default() })
        }
        "scale" => {
            let pairs = a.n * (a.n - 1) / 2;
            done(exchanges(pairs, PAIR_EXCHANGES, a.seed), pairs * PAIR_EXCHANGES)
        }
        _ => None,
    }
}

fn tokio_run(a: &Args) -> Option<Outcome> {
    let rt = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let n = a.n;
    rt.block_on(async move {
        let start = tokio::time::Instant::now();
        let now = move || start.elapsed().as_nanos() as u64;
        let ops = match a.workload.as_str() {
            "timers" => {
                let tasks: Vec<_> = (0..TIMER_TASKS)
                    .map(|id| {
                        tokio::spawn(async move {
                            let mut rng = Rng::new(id);
                            for _ in 0..n {
                                tokio::time::sleep(Duration::from_millis(rng.millis())).await;
                                trace(now(), id);
                            }
                        })
                    })
                    .collect();
                for t in tasks {
                    t.await.unwrap();
                }
                TIMER_TASKS * n
            }
            "spawn" => {
                for i in 0..n {
                    let v = tokio::spawn(async move {
                        tokio::task::yield_now().await;
                        i
                    })
                    .await
                    .unwrap();
                    assert_eq!(v, i);
                    trace(0, i);
                    if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                n
            }
            // Byte pipes with 1 ms of latency in each direction and nothing else.
            "echo1ms" => {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let tasks: Vec<_> = (0..ECHO_CLIENTS)
                    .map(|c| {
                        let (mut near, mut far) = tokio::io::duplex(4096);
                        tokio::spawn(async move {
                            let mut f = [0u8; FRAME];
                            while far.read_exact(&mut f[..4]).await.is_ok() {
                                let len = frame_len(&f);
                                far.read_exact(&mut f[4..4 + len]).await.unwrap();
                                tokio::time::sleep(Duration::from_millis(1)).await;
                                far.write_all(&f).await.unwrap();
                            }
                        });
                        tokio::spawn(async move {
                            let mut h = [0u8; 4];
                            let mut p = [0u8; MSG];
                            for i in 0..n {
                                let f = frame(c, i);
                                tokio::time::sleep(Duration::from_millis(1)).await;
                                near.write_all(&f).await.unwrap();
                                near.read_exact(&mut h).await.unwrap();
                                near.read_exact(&mut p[..frame_len(&h)]).await.unwrap();
                                check_payload(&f, &p);
                                trace(now(), c);
                            }
                        })
                    })
                    .collect();
                for t in tasks {
                    t.await.unwrap();
                }
                ECHO_CLIENTS * n
            }
            _ => return None,
        };
        Some(Outcome { ops, sim_ns: Some(now()), events: None })
    })
}
