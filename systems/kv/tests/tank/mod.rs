//! The service in the tank: who takes part, what goes wrong, what must hold. The code
//! under test is the library's, as it is.

mod customer;
mod oracle;
mod text;
mod words;

use customer::Customer;
use kv::{Bug, Client, Command, DirectoryError, Options, ServeError, serve};
use std::net::SocketAddr;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{
    Chaos, NetworkConfig, Ratio, SimContext, SimProviders, SimulationBuilder, StorageConfiguration, Swarm,
};
use wavetank_probe::{always_assert, reachable};

const PORT: u16 = 8080;
/// The least log worth compacting, unless a run draws more: so short that a single long
/// value makes one, which is what is left of a run that is made small.
const COMPACT_BYTES: u64 = 600;
/// How long a client waits for one answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a service that nothing disturbs may take until it answers.
const PROGRESS: Duration = Duration::from_secs(5);

/// Crashes of processes and machines, losses of power, partitions, slow and hanging
/// links, a hostile network, and a slow disk that fails syncs: of these, each run draws
/// which it has, and how often.
pub(crate) fn storm(bug: Option<Bug>) -> SimulationBuilder {
    let chaos = Chaos {
        crashes: 0..=4,
        machine_crashes: 0..=5,
        power_losses: 0..=10,
        duration: Duration::from_millis(10)..=Duration::from_millis(300),
        cycles: 1..=2,
        settle: Duration::from_secs(4),
        ..Chaos::storm(Duration::from_secs(5))
    };
    let millis = |least, most| (Duration::from_millis(least)..=Duration::from_millis(most)).into();
    let storage = StorageConfiguration {
        // So slow that crashes often fall into one; the rest fast enough for a start to be
        // over before the next crash.
        sync_latency: millis(5, 50),
        read_latency: millis(0, 2),
        write_latency: millis(0, 2),
        // Where records are torn most often: if all is lost, nothing is torn.
        crash_fault_probability: Ratio::new(1, 2),
        sync_failure_probability: Ratio::new(1, 400),
        ..StorageConfiguration::hostile()
    };
    SimulationBuilder::new()
        .with_name("kv")
        .process("server", 1, move |context| supervise(context, bug))
        .workload_object("client", 1..=5, Customer::default)
        .with_network_config(NetworkConfig::hostile())
        .with_storage_config(storage)
        .with_chaos(chaos)
        .with_swarm(Swarm { halvings: 2, on: Ratio::new(2, 3), ..Swarm::default() })
        .with_liveness("a write is done and read", PROGRESS, write_and_read)
        .with_checker("each version is given once", oracle::one_version_one_write)
        .with_checker("histories are linearizable per key", oracle::linearizable_per_key)
}

/// Starts the service again when its log fails, as a supervisor of processes would.
async fn supervise(context: SimContext, bug: Option<Bug>) {
    let world = context.providers();
    let options = Options { compact_bytes: COMPACT_BYTES, bug, ..Options::new(SocketAddr::new(context.ip(), PORT)) };
    loop {
        match serve(&world, options, std::future::pending(), |_| ()).await {
            Ok(()) => return,
            Err(ServeError::Directory(DirectoryError::Damaged(damage))) => {
                wavetank_probe::unreachable!("a directory is damaged that only crashes have touched", damage);
                return;
            }
            Err(_) => reachable!("the service ends because its log failed"),
        }
        world.sleep(Duration::from_millis(100)).await;
    }
}

/// What must work within [`PROGRESS`] when nothing is wrong any more, though perhaps not
/// at once: the service may be starting.
async fn write_and_read(context: SimContext) {
    while try_to_write_and_read(&context).await.is_err() {
        context.providers().sleep(Duration::from_millis(100)).await;
    }
}

async fn try_to_write_and_read(context: &SimContext) -> Result<(), kv::ClientError> {
    let mut client = connect(context).await?;
    client.write(&Command::put("alive", "yes")).await?;
    let read = client.read("alive").await?;
    always_assert!(read.is_some_and(|entry| entry.value == "yes"), "what was written just now is read");
    Ok(())
}

async fn connect(context: &SimContext) -> Result<Client<SimProviders>, kv::ClientError> {
    let server = SocketAddr::new(context.topology().ip("server"), PORT);
    Client::connect(&context.providers(), server, PATIENCE).await
}
