//! The counter service in the tank: who takes part, what goes wrong, what must hold.
//! The code under test is the library's, as it is.

use counter::{Bug, ClientError, HttpClient, Options, serve};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{
    BoxError, Chaos, NetworkConfig, SimContext, SimProviders, SimulationBuilder, SimulationMetrics,
    StorageConfiguration, Swarm, Workload, async_trait,
};
use wavetank_probe::{always_assert, reachable};

const PORT: u16 = 8080;
/// Makes a name so long that its records often lie across the sectors of a disk.
macro_rules! long {
    ($name:literal) => {
        concat!(
            $name,
            "-in-this-simulation-under-a-name-that-is-nearly-as-long-as-the-name-of-a-counter-is-allowed-to-be-",
            "so-that-the-record-of-an-increment-lies-across-two-sectors-of-the-disk"
        )
    };
}
const SHARED: &str = long!("shared");
/// Faults begin and end within so much virtual time.
const WINDOW: Duration = Duration::from_secs(4);
/// How long a client waits for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a client does to counters.
const VERBS: &[&str] = &["increments its own", "increments the shared one", "reads its own"];
/// How long it waits at most between two of them.
const PAUSE_MOST: Duration = Duration::from_millis(250);
/// How often a client asks for a value at the end: the service may be starting again.
const FINAL_READS_MOST: u32 = 20;

/// Crashes, power losses, partitions and slow links on an ordinary network, and a disk
/// whose syncs are as slow as a spinning one's, so that crashes often fall into one.
pub(crate) fn counter(bug: Option<Bug>) -> SimulationBuilder {
    let sync_latency = (Duration::from_millis(2)..=Duration::from_millis(30)).into();
    simulation("counter", bug).with_storage_config(StorageConfiguration { sync_latency, ..Default::default() })
}

/// The same with a hostile network, and a slow disk that fails one sync in a hundred.
pub(crate) fn counter_hostile(bug: Option<Bug>) -> SimulationBuilder {
    simulation("counter-hostile", bug)
        .with_network_config(NetworkConfig::hostile())
        .with_storage_config(StorageConfiguration::hostile())
}

fn simulation(name: &str, bug: Option<Bug>) -> SimulationBuilder {
    let chaos = Chaos { crashes: 0..=3, machine_crashes: 0..=3, power_losses: 0..=3, ..Chaos::storm(WINDOW) };
    let chaos = Chaos { duration: Duration::from_millis(10)..=Duration::from_secs(2), ..chaos };
    SimulationBuilder::new()
        .with_name(name)
        .process("server", 1, move |context| supervise(context, bug))
        .workload_object("client", 1..=4, Customer::default)
        .with_chaos(chaos)
        .with_swarm(Swarm::default())
}

/// Starts the service again when its log fails, as a supervisor of processes would.
async fn supervise(context: SimContext, bug: Option<Bug>) {
    let world = context.providers();
    let options = Options { listen: SocketAddr::new(context.ip(), PORT), bug };
    while serve(&world, options, std::future::pending(), |_| ()).await.is_err() {
        reachable!("the service ends because its log failed");
        world.sleep(Duration::from_millis(100)).await;
    }
}

/// The counter that only this client increments.
fn own_name(context: &SimContext) -> String {
    format!("{}{}", context.name(), long!(""))
}

/// What is known of a counter.
#[derive(Debug, Default, Clone, Copy, serde::Serialize)]
struct Book {
    /// Increments that were answered.
    acknowledged: u64,
    /// Increments that may count or not.
    ambiguous: u64,
    /// The highest value that the service has shown.
    shown: u64,
}

impl Book {
    /// Enters a value that the service gave; one that is answered to an increment is
    /// above all before it, and one that is read is not below them.
    fn enter(&mut self, value: u64, incremented: bool) {
        let least = self.shown + u64::from(incremented);
        always_assert!(value >= least, "no value that was shown is taken back", value, least);
        always_assert!(value >= self.acknowledged, "no acknowledged increment is lost", value, book = self);
        self.shown = value;
    }
}

/// A client that increments a counter of its own and one that it shares.
#[derive(Default)]
struct Customer {
    connection: Option<HttpClient<SimProviders>>,
    own: Book,
    shared: Book,
    /// What its increments of the shared counter were answered.
    shared_values: Vec<u64>,
}

#[async_trait]
impl Workload for Customer {
    async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
        for mut operation in context.operations(15..=30, VERBS) {
            operation.begin(|| operation.verb().to_string());
            let value = match operation.verb() {
                "reads its own" => self.read(context).await,
                "increments the shared one" => self.increment_shared(context).await,
                _ => self.increment_own(context).await,
            };
            operation.end(|| value.map_or("nobody knows".to_string(), |value| format!("it is {value}")));
            context.providers().sleep(operation.pause(Duration::ZERO, PAUSE_MOST)).await;
        }
        context.quiet().await;
        self.read_at_last(context, &own_name(context)).await?;
        context.state().register(context.name(), json!({ "shared": self.shared, "values": self.shared_values }));
        Ok(self.metrics())
    }

    /// Everybody has registered what they know of the shared counter.
    async fn check(&mut self, context: &SimContext) -> Result<(), BoxError> {
        let value = self.read_at_last(context, SHARED).await?;
        let books: Vec<Value> = context.state().all().into_values().collect();
        let sum = |key: &str| books.iter().filter_map(|book| book["shared"][key].as_u64()).sum::<u64>();
        let (acknowledged, ambiguous) = (sum("acknowledged"), sum("ambiguous"));
        always_assert!(
            acknowledged <= value,
            "no acknowledged increment of the shared counter is lost",
            value,
            acknowledged
        );
        always_assert!(
            value <= acknowledged + ambiguous,
            "the shared counter counts nothing twice",
            value,
            acknowledged,
            ambiguous
        );
        let values = || books.iter().filter_map(|book| book["values"].as_array()).flatten().filter_map(Value::as_u64);
        let distinct: BTreeSet<u64> = values().collect();
        always_assert!(
            distinct.len() == values().count(),
            "each increment of the shared counter has a value of its own"
        );
        Ok(())
    }
}

impl Customer {
    async fn increment_own(&mut self, context: &SimContext) -> Option<u64> {
        match self.connected(context).await?.increment(&own_name(context)).await {
            Ok(value) => {
                self.own.acknowledged += 1;
                self.own.enter(value, true);
                self.expect_bound(value);
                Some(value)
            }
            Err(error) => {
                self.own.ambiguous += 1;
                self.part(error);
                None
            }
        }
    }

    async fn increment_shared(&mut self, context: &SimContext) -> Option<u64> {
        match self.connected(context).await?.increment(SHARED).await {
            Ok(value) => {
                self.shared.acknowledged += 1;
                self.shared.enter(value, true);
                self.shared_values.push(value);
                Some(value)
            }
            Err(error) => {
                self.shared.ambiguous += 1;
                self.part(error);
                None
            }
        }
    }

    async fn read(&mut self, context: &SimContext) -> Option<u64> {
        self.read_one(context, &own_name(context)).await
    }

    async fn read_one(&mut self, context: &SimContext, name: &str) -> Option<u64> {
        let value = match self.connected(context).await?.value(name).await {
            Ok(value) => value,
            Err(error) => {
                self.part(error);
                return None;
            }
        };
        if name == SHARED {
            self.shared.enter(value, false);
        } else {
            self.own.enter(value, false);
            self.expect_bound(value);
        }
        Some(value)
    }

    /// The value when all faults are over: then there has to be one.
    async fn read_at_last(&mut self, context: &SimContext, name: &str) -> Result<u64, BoxError> {
        for _ in 0..FINAL_READS_MOST {
            if let Some(value) = self.read_one(context, name).await {
                return Ok(value);
            }
            context.providers().sleep(Duration::from_millis(500)).await;
        }
        Err(format!("{name} cannot be read although all faults are over").into())
    }

    fn expect_bound(&self, value: u64) {
        let most = self.own.acknowledged + self.own.ambiguous;
        always_assert!(value <= most, "nothing is counted twice", value, most);
    }

    async fn connected(&mut self, context: &SimContext) -> Option<&mut HttpClient<SimProviders>> {
        if self.connection.is_none() {
            let server = SocketAddr::new(context.topology().ip("server"), PORT);
            self.connection = HttpClient::connect(&context.providers(), server, PATIENCE).await.ok();
        }
        self.connection.as_mut()
    }

    /// Gives the connection up after an error.
    fn part(&mut self, error: ClientError) {
        match error {
            ClientError::TimedOut(_) => reachable!("an answer does not come in time"),
            ClientError::Exchange(_) => reachable!("a connection breaks before the answer"),
            ClientError::Status(_) => reachable!("the service says that it failed"),
            ClientError::Connect(_) => (),
            ClientError::Answer(error) => panic!("the service does not speak JSON: {error}"),
        }
        self.connection = None;
    }

    fn metrics(&self) -> SimulationMetrics {
        let mut metrics = SimulationMetrics::new();
        metrics.add("acknowledged", self.own.acknowledged + self.shared.acknowledged);
        metrics.add("ambiguous", self.own.ambiguous + self.shared.ambiguous);
        metrics
    }
}
