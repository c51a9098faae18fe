//! The real arm: both hosts on loopback of this machine, each with a temporary directory,
//! on one thread and on several.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the real world")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use wavetank_conformance::{Break, Breakable, Host, Main, World, prove_switches};
use wavetank_tokio::{TokioProviders, TokioRandomProvider};

/// No contract takes longer than this, on a machine that has other things to do as well.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Loopback {
    broken: Option<Break>,
    /// Tasks run on several threads, as under `#[tokio::main]`; else on one.
    is_threaded: bool,
}

impl World for Loopback {
    type Providers = TokioProviders;

    fn run(&self, a: Main<TokioProviders>, b: Main<TokioProviders>) {
        let (here, there) = (Place::new(), Place::new());
        let mut b_host = there.host(self.broken);
        if self.broken == Some(Break::DisksShared) {
            b_host.world = here.host(None).world;
        }
        let mut builder = if self.is_threaded { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime can be made");
        let local = LocalSet::new();
        runtime.block_on(local.run_until(async {
            let b = tokio::spawn(b(b_host));
            let ended = tokio::time::timeout(PATIENCE, a(here.host(self.broken))).await;
            b.abort();
            ended.expect("the contract ends within 30 s");
        }));
    }
}

/// What belongs to one host of one contract: a directory, which is removed with it, and
/// an address on loopback, so that no other test takes a port that was given back.
struct Place {
    directory: PathBuf,
    address: IpAddr,
}

impl Place {
    fn new() -> Place {
        static NEXT: AtomicU16 = AtomicU16::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(format!("wavetank-conformance-{process}-{number}"));
        std::fs::create_dir_all(&directory).expect("the temporary directory can be written to");
        let [high, low] = number.to_be_bytes();
        // Only Linux has all of 127.0.0.0/8. The second octet sets processes apart.
        let octets =
            if cfg!(target_os = "linux") { [127, (process % 255 + 1) as u8, high, low] } else { [127, 0, 0, 1] };
        Place { directory, address: Ipv4Addr::from(octets).into() }
    }

    fn host(&self, broken: Option<Break>) -> Host<TokioProviders> {
        let world = match broken {
            Some(Break::HostsAlike) => TokioProviders::with_random(&self.directory, TokioRandomProvider::seeded(7)),
            _ => TokioProviders::new(&self.directory).expect("the operating system has entropy"),
        };
        Host { world, address: self.address }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.directory);
    }
}

impl Breakable for Loopback {
    fn broken(switch: Break) -> Option<Loopback> {
        // The real world breaks few promises on purpose; these are ours to arrange.
        [Break::HostsAlike, Break::DisksShared]
            .contains(&switch)
            .then_some(Loopback { broken: Some(switch), ..Loopback::default() })
    }
}

#[test]
fn a_switch_turns_exactly_its_contract_red() {
    let switches = [Break::HostsAlike, Break::DisksShared, Break::ClockGoesBack];
    assert_eq!(prove_switches::<Loopback>(&switches), [Break::ClockGoesBack], "the world has no such switch");
}

wavetank_conformance::tests!(Loopback::default());

mod on_several_threads {
    use super::Loopback;

    wavetank_conformance::tests!(Loopback { is_threaded: true, ..Loopback::default() });
}
