//! Discrete-event engines that are not testing frameworks, as speed anchors for
//! an engine: no crashes, no faults, no sockets. The environment variable `DES`
//! selects one: `nexosim` (1.0, one thread), `simulacra` (its async nodes),
//! `simulacra-kernel` (its bare event loop), `simu` (simu-des), `simcore` (its
//! callbacks). `rt-sim` is openraft-rt-sim, a bare deterministic async runtime.

use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use openraft_rt::{AsyncRuntime, Instant as _};
use openraft_rt_sim::{SimInstant, SimRuntime};
use peer_common::*;
use serde::{Deserialize, Serialize};
use simcore::SimulationContext;
use simulacra::{NodeContext, NodeId, Simulation, TaskSimBuilder, TopologyBuilder};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

fn main() {
    let which = std::env::var("DES").unwrap_or_else(|_| "nexosim".into());
    peer_common::main(&which, |a| match (which.as_str(), a.workload.as_str()) {
        ("nexosim", "timers") => nexosim_timers(a.n),
        ("simulacra", "timers") => simulacra_timers(a.n, a.seed),
        ("simulacra", "echo") => simulacra_echo(a.n, a.seed),
        ("simulacra-kernel", "timers") => kernel_timers(a.n),
        ("simu", "timers") => simu_timers(a.n, a.seed),
        ("simcore", "timers") => simcore_timers(a.n, a.seed),
        ("rt-sim", "timers") => rt_sim_timers(a.n, a.seed),
        ("rt-sim", "spawn") => rt_sim_spawn(a.n, a.seed),
        _ => None,
    });
}

fn outcome(ops: u64, sim_ns: u64) -> Option<Outcome> {
    Some(Outcome { ops, sim_ns: Some(sim_ns), events: None })
}

fn no_rng() -> Rng {
    Rng::new(0)
}

#[derive(Serialize, Deserialize)]
struct Timer {
    id: u64,
    left: u64,
    #[serde(skip, default = "no_rng")]
    rng: Rng,
}

#[Model]
impl Timer {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>, _: &mut ()) {
        self.arm(cx);
    }

    #[nexosim(schedulable)]
    fn ring(&mut self, _: (), cx: &Context<Self>) {
        trace(nexosim_ns(cx.time()), self.id);
        self.left -= 1;
        if self.left > 0 {
            self.arm(cx);
        }
    }

    fn arm(&mut self, cx: &Context<Self>) {
        let d = Duration::from_millis(self.rng.millis());
        cx.schedule_event(d, schedulable!(Self::ring), ()).unwrap();
    }
}

fn nexosim_ns(t: MonotonicTime) -> u64 {
    t.duration_since(MonotonicTime::EPOCH).as_nanos() as u64
}

fn nexosim_timers(n: u64) -> Option<Outcome> {
    let mut bench = SimInit::with_num_threads(1);
    for id in 0..TIMER_TASKS {
        let timer = Timer { id, left: n, rng: Rng::new(id) };
        bench = bench.add_model(timer, Mailbox::new(), "timer");
    }
    let mut sim = bench.init(MonotonicTime::EPOCH).unwrap();
    while trace_state().0 < n * TIMER_TASKS {
        sim.step().unwrap();
    }
    outcome(TIMER_TASKS * n, nexosim_ns(sim.time()))
}

fn simulacra_timers(n: u64, seed: u64) -> Option<Outcome> {
    let topology = TopologyBuilder::new(TIMER_TASKS as usize).build();
    let stats = TaskSimBuilder::<u8>::new(topology, seed)
        .build(move |c: NodeContext<u8>| async move {
            let id = u64::from(c.id().as_u32());
            let mut rng = Rng::new(id);
            for _ in 0..n {
                c.sleep(simulacra::Duration::from_millis(rng.millis())).await;
                trace(c.now().as_nanos(), id);
            }
        })
        .run();
    outcome(TIMER_TASKS * n, stats.final_time.as_nanos())
}

fn simulacra_echo(n: u64, seed: u64) -> Option<Outcome> {
    let topology = TopologyBuilder::new(ECHO_CLIENTS as usize + 1).star(simulacra::Duration::from_millis(1)).build();
    let stats = TaskSimBuilder::<[u8; FRAME]>::new(topology, seed)
        .build(move |c: NodeContext<[u8; FRAME]>| async move {
            if c.id() == NodeId::new(0) {
                for _ in 0..ECHO_CLIENTS * n {
                    let m = c.recv().await;
                    c.send(m.src, m.payload).await;
                }
                return;
            }
            let who = u64::from(c.id().as_u32()) - 1;
            for i in 0..n {
                let f = frame(who, i);
                c.send(NodeId::new(0), f).await;
                let m = c.recv().await;
                check_payload(&f, &m.payload[4..]);
                trace(c.now().as_nanos(), who);
            }
        })
        .run();
    outcome(ECHO_CLIENTS * n, stats.final_time.as_nanos())
}

fn kernel_timers(n: u64) -> Option<Outcome> {
    let mut sim = Simulation::<u64>::new();
    let mut state: Vec<(Rng, u64)> = (0..TIMER_TASKS).map(|id| (Rng::new(id), n)).collect();
    for (id, (rng, _)) in (0..).zip(&mut state) {
        sim.schedule_in(simulacra::Duration::from_millis(rng.millis()), id);
    }
    let stats = sim.run(|sim, id| {
        trace(sim.now().as_nanos(), id);
        let (rng, left) = &mut state[id as usize];
        *left -= 1;
        if *left > 0 {
            sim.schedule_in(simulacra::Duration::from_millis(rng.millis()), id);
        }
    });
    outcome(TIMER_TASKS * n, stats.final_time.as_nanos())
}

fn simu_timers(n: u64, seed: u64) -> Option<Outcome> {
    let mut env = simu::SimEnv::with_seed(seed);
    for id in 0..TIMER_TASKS {
        let h = env.handle();
        env.spawn(async move {
            let mut rng = Rng::new(id);
            for _ in 0..n {
                h.timeout(rng.millis() as f64).await;
                trace(h.now() as u64 * 1_000_000, id);
            }
        });
    }
    env.run();
    outcome(TIMER_TASKS * n, env.now() as u64 * 1_000_000)
}

#[derive(Clone, Serialize)]
struct Ring;

struct Component {
    id: u64,
    left: u64,
    rng: Rng,
    ctx: SimulationContext,
}

impl Component {
    fn arm(&mut self) {
        self.ctx.emit_self(Ring, self.rng.millis() as f64);
    }
}

impl simcore::EventHandler for Component {
    fn on(&mut self, e: simcore::Event) {
        trace(e.time as u64 * 1_000_000, self.id);
        self.left -= 1;
        if self.left > 0 {
            self.arm();
        }
    }
}

fn simcore_timers(n: u64, seed: u64) -> Option<Outcome> {
    let mut sim = simcore::Simulation::new(seed);
    for id in 0..TIMER_TASKS {
        let mut c = Component { id, left: n, rng: Rng::new(id), ctx: sim.create_context(format!("timer-{id}")) };
        c.arm();
        sim.add_handler(format!("timer-{id}"), Rc::new(RefCell::new(c)));
    }
    sim.step_until_no_events();
    outcome(TIMER_TASKS * n, sim.time() as u64 * 1_000_000)
}

fn since(t0: SimInstant) -> u64 {
    (SimInstant::now() - t0).as_nanos() as u64
}

fn rt_sim_timers(n: u64, seed: u64) -> Option<Outcome> {
    let sim_ns = SimRuntime::with_seed(seed).block_on(async move {
        let t0 = SimInstant::now();
        let tasks: Vec<_> = (0..TIMER_TASKS)
            .map(|id| {
                SimRuntime::spawn(async move {
                    let mut rng = Rng::new(id);
                    for _ in 0..n {
                        SimRuntime::sleep(Duration::from_millis(rng.millis())).await;
                        trace(since(t0), id);
                    }
                })
            })
            .collect();
        for t in tasks {
            t.await.unwrap();
        }
        since(t0)
    });
    outcome(TIMER_TASKS * n, sim_ns)
}

fn rt_sim_spawn(n: u64, seed: u64) -> Option<Outcome> {
    let sim_ns = SimRuntime::with_seed(seed).block_on(async move {
        let t0 = SimInstant::now();
        for i in 0..n {
            let v = SimRuntime::spawn(async move {
                yield_once().await;
                i
            })
            .await
            .unwrap();
            assert_eq!(v, i);
            trace(since(t0), i);
            if i % SPAWN_BATCH == SPAWN_BATCH - 1 {
                SimRuntime::sleep(Duration::from_millis(1)).await;
            }
        }
        since(t0)
    });
    outcome(n, sim_ns)
}

/// Gives way once; the runtime has no call of its own for that.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(move |cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await
}
