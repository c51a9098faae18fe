//! Ping-pong in the tank: who takes part, what goes wrong, what must hold. The code
//! under test is the library's, as it is.

use ping_pong::{Bug, Client, ClientOptions, ClientStats, Ping, RequestError, Server, answer};
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{
    Chaos, Count, NetworkConfig, SimContext, SimProviders, SimulationBuilder, SimulationMetrics, StateRegistry, Swarm,
};
use wavetank_probe::{always_assert, sometimes_assert};

const PORT: u16 = 5000;
/// Faults begin and end within so much virtual time.
const WINDOW: Duration = Duration::from_secs(4);
/// How long a client waits at most between two pings.
const PAUSE_MOST: Duration = Duration::from_millis(300);
/// When all faults are over, all servers together answer within so much.
const PATIENCE: Duration = Duration::from_secs(5);
/// One to ten servers and clients, crashes, pauses and partitions on an ordinary network.
pub(crate) fn ping_pong(bug: Option<Bug>) -> SimulationBuilder {
    stormy(simulation("ping-pong", 1..=10, bug))
}

/// The same on a network that is hostile by itself.
pub(crate) fn ping_pong_hostile(bug: Option<Bug>) -> SimulationBuilder {
    stormy(simulation("ping-pong-hostile", 1..=10, bug)).with_network_config(NetworkConfig::hostile())
}

fn stormy(simulation: SimulationBuilder) -> SimulationBuilder {
    simulation.with_chaos(Chaos { crashes: 0..=5, ..Chaos::storm(WINDOW) }).with_swarm(Swarm::default()).with_liveness(
        "every server answers",
        PATIENCE,
        is_answered,
    )
}

/// When all faults are over, every server answers one ping, at the first attempt.
async fn is_answered(context: SimContext) -> Result<(), RequestError> {
    for ip in context.topology().ips("server") {
        let to = SocketAddr::new(ip, PORT);
        let mut client = Client::new(context.providers(), to, ClientOptions::default());
        client.request(&Ping { sequence: 1, text: "anybody there?".into() }).await?;
    }
    Ok(())
}

/// A simulation without faults.
pub(crate) fn simulation(name: &str, size: impl Into<Count>, bug: Option<Bug>) -> SimulationBuilder {
    let size = size.into();
    SimulationBuilder::new()
        .with_name(name)
        .process("server", size, serve)
        .workload("client", size, move |context| ask(context, bug))
        .with_invariant("no ping is unaccounted for", pings_are_accounted_for)
        .with_invariant("no answer is invented", answers_are_conserved)
}

async fn serve(context: SimContext) -> io::Result<()> {
    let world = context.providers();
    let server = Server::bind(&world, SocketAddr::new(context.ip(), PORT)).await?;
    let incarnation = format!("{}#{}", context.name(), context.incarnation());
    let state = context.state();
    let mut replied = 0u64;
    let count = |_: &_| {
        replied += 1;
        state.register(&incarnation, json!({ "replied": replied }));
    };
    answer(&world, server, context.name(), count).await
}

/// What a client asks. A long ping is longer than a send buffer and a window together.
const VERBS: &[&str] = &["ping", "long ping"];
const LONG: u64 = 200_000;

/// Asks servers at random, then each of them once more when all is quiet.
async fn ask(context: SimContext, bug: Option<Bug>) -> Result<SimulationMetrics, RequestError> {
    let mut asker = Asker::new(&context, bug);
    for mut operation in context.operations(10..=20, VERBS) {
        let server = operation.below(asker.clients.len() as u64) as usize;
        // Most long pings are short, too: they cost more than all others together.
        let is_long = operation.verb() == "long ping" && operation.ratio(1, 50);
        let length = if is_long { LONG } else { operation.below(40) };
        operation.begin(|| format!("asks server {server} with {length} bytes"));
        // What fails under faults is counted; it may fail.
        let answer = asker.ask(server, length).await;
        operation.end(|| answer.map_or_else(|error| error.to_string(), |()| "is answered".to_string()));
        context.providers().sleep(operation.pause(Duration::ZERO, PAUSE_MOST)).await;
    }
    // Now every fault is over, and every server has to answer.
    context.quiet().await;
    for server in 0..asker.clients.len() {
        asker.ask(server, 0).await?;
    }
    Ok(asker.metrics())
}

/// A workload's clients, one for each server, and its book.
struct Asker<'a> {
    context: &'a SimContext,
    clients: Vec<Client<SimProviders>>,
    sequence: u64,
    ended: u64,
}

impl Asker<'_> {
    fn new(context: &SimContext, bug: Option<Bug>) -> Asker<'_> {
        let options = ClientOptions { bug, ..ClientOptions::default() };
        let client = |ip| Client::new(context.providers(), SocketAddr::new(ip, PORT), options);
        let clients = context.topology().ips("server").into_iter().map(client).collect();
        Asker { context, clients, sequence: 0, ended: 0 }
    }

    async fn ask(&mut self, server: usize, length: u64) -> Result<(), RequestError> {
        self.sequence += 1;
        let ping = Ping { sequence: self.sequence, text: "x".repeat(length as usize) };
        self.register(1);
        let result = self.clients[server].request(&ping).await;
        self.ended += 1;
        self.register(0);
        let pong = result?;
        let name = &self.context.topology().group("server")[server].name;
        always_assert!(pong.sequence == ping.sequence, "a pong has its ping's number", ping, pong);
        always_assert!(pong.text == ping.text, "a pong has its ping's text", ping, pong);
        always_assert!(*pong.server == **name, "a pong comes from the server that was asked", name, pong);
        Ok(())
    }

    fn stats(&self) -> ClientStats {
        self.clients.iter().map(Client::stats).fold(ClientStats::default(), |sum, one| ClientStats {
            sent: sum.sent + one.sent,
            answered: sum.answered + one.answered,
            failed: sum.failed + one.failed,
            attempts: sum.attempts + one.attempts,
            time_outs: sum.time_outs + one.time_outs,
            connections: sum.connections + one.connections,
            late: sum.late + one.late,
        })
    }

    fn register(&self, in_flight: u64) {
        let stats = self.stats();
        let book = json!({
            "asked": self.ended + in_flight,
            "answered": stats.answered,
            "failed": stats.failed,
            "in flight": in_flight,
        });
        self.context.state().register(self.context.name(), book);
    }

    fn metrics(&self) -> SimulationMetrics {
        let stats = self.stats();
        sometimes_assert!(stats.late > 0, "a client sees late answers");
        sometimes_assert!(stats.time_outs == 0, "a client is never kept waiting");
        let mut metrics = SimulationMetrics::new();
        metrics.add("answered", stats.answered);
        metrics.add("failed", stats.failed);
        metrics.add("time-outs", stats.time_outs);
        metrics.add("connections", stats.connections);
        metrics
    }
}

fn pings_are_accounted_for(state: &StateRegistry) -> Result<(), String> {
    let sum = |key| state.sum("client", key);
    let (asked, ended) = (sum("asked"), sum("answered") + sum("failed") + sum("in flight"));
    if asked == ended { Ok(()) } else { Err(format!("{asked} pings were asked, but {ended} are known of")) }
}

fn answers_are_conserved(state: &StateRegistry) -> Result<(), String> {
    let (answered, replied) = (state.sum("client", "answered"), state.sum("server", "replied"));
    if answered <= replied { Ok(()) } else { Err(format!("{answered} answers came, but {replied} were given")) }
}
