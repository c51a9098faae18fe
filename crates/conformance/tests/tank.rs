//! The simulated arm: two hosts in a tank, on the default network and disks.

use std::sync::{Arc, Mutex, OnceLock};
use wavetank_conformance::{Break, Breakable, Host, Main, World, contracts, red};
use wavetank_engine::EngineConfig;
use wavetank_harness::{NetworkConfig, SimProviders, StorageConfiguration, Tank};

/// Which run of the tank the contracts see.
const SEED: u64 = 1;

#[derive(Default)]
struct InTank {
    network: NetworkConfig,
    storage: StorageConfiguration,
}

impl World for InTank {
    type Providers = SimProviders;

    fn run(&self, a: Main<SimProviders>, b: Main<SimProviders>) {
        let mut tank = Tank::with_configs(SEED, self.network.clone(), self.storage.clone(), EngineConfig::default());
        let mains = [("b", b), ("a", a)].map(|(name, main)| (name, Arc::new(Mutex::new(Some(main)))));
        for (name, main) in mains {
            let address = Arc::new(OnceLock::new());
            let of_host = address.clone();
            let boot = move |world: SimProviders| {
                let main = main.lock().expect("nothing panics while it holds this").take();
                let (main, address) = (main.expect("no host is restarted"), of_host.clone());
                async move {
                    let address = *address.get().expect("it was set before the first poll");
                    main(Host { world, address }).await;
                    std::io::Result::Ok(())
                }
            };
            if name == "a" {
                tank.client(name, boot)
            } else {
                tank.host(name, boot)
            };
            address.set(tank.ip(name)).expect("each host has its own");
        }
        if let Err(error) = tank.run() {
            panic!("{error}");
        }
    }
}

impl Breakable for InTank {
    fn broken(switch: Break) -> Option<InTank> {
        let network = NetworkConfig { broken: network_switch(switch), ..NetworkConfig::default() };
        let storage = StorageConfiguration { broken: storage_switch(switch), ..StorageConfiguration::default() };
        (network.broken.is_some() || storage.broken.is_some()).then_some(InTank { network, storage })
    }
}

fn network_switch(switch: Break) -> Option<wavetank_network::Broken> {
    use wavetank_network::Broken;
    Some(match switch {
        Break::NobodyAccepts => Broken::Refusal,
        Break::SegmentsSwapped => Broken::DataOrder,
        Break::ShutdownClosesBoth => Broken::HalfClose,
        Break::DropIsSilent => Broken::EofAfterDrop,
        Break::WriteHalfLingers => Broken::EofAfterHalfDrop,
        Break::UnreadBytesForgiven => Broken::ResetOnUnread,
        Break::PeerNeverGone => Broken::BrokenPipe,
        Break::WindowUnlimited => Broken::Backpressure,
        Break::PortZeroKept => Broken::PortZero,
        Break::PortShared => Broken::AddrInUse,
        Break::ForeignAddressBound => Broken::AddrNotAvailable,
        Break::WildcardUnreachable => Broken::Wildcard,
        Break::PeerAddressWrong => Broken::PeerAddress,
        Break::BacklogReversed => Broken::AcceptOrder,
        Break::PortLeaked => Broken::PortReuse,
        Break::BacklogNone => Broken::ConnectBeforeAccept,
        Break::PortGuessed => Broken::NameWithoutPort,
        Break::DatagramKept => Broken::UdpTruncation,
        Break::DatagramsMerged => Broken::UdpBoundary,
        Break::DatagramUnlimited => Broken::UdpSize,
        Break::SenderWrong => Broken::UdpSender,
        _ => return None,
    })
}

fn storage_switch(switch: Break) -> Option<wavetank_storage::Broken> {
    use wavetank_storage::Broken;
    Some(match switch {
        Break::AppendAtCursor => Broken::AppendMode,
        Break::GapIsGarbage => Broken::HolesAreZero,
        Break::RenameRefusesToReplace => Broken::RenameReplaces,
        Break::DeleteEmpties => Broken::DeleteKeepsOpen,
        Break::ListUnsorted => Broken::ReadDirSorted,
        Break::CreateNewOpens => Broken::CreateNewExists,
        Break::TruncateIgnored => Broken::TruncateEmpties,
        Break::PositionedMoves => Broken::PositionKeepsCursor,
        Break::CutComesBack => Broken::CutForgets,
        Break::FullDirectoryRemoved => Broken::RemoveDirEmpty,
        Break::OpenCreates => Broken::MissingNotFound,
        Break::ReadOnlyWrites => Broken::AccessChecked,
        Break::EndIsAnError => Broken::EndOfFile,
        Break::SeekIgnored => Broken::SeekFromEnd,
        Break::ParentsMissing => Broken::CreateDirAllRepeats,
        Break::DisksShared => Broken::MachinesIsolated,
        _ => return None,
    })
}

/// Switches of the models that still turn other contracts red as well as their own, or
/// cannot be judged while their contract is red anyway.
const WIDE: &[Break] = &[
    Break::NobodyAccepts,
    Break::SegmentsSwapped,
    Break::ShutdownClosesBoth,
    Break::DropIsSilent,
    Break::PeerNeverGone,
    Break::PortZeroKept,
    Break::PortShared,
    Break::BacklogNone,
    Break::PortLeaked,
    Break::DatagramUnlimited,
];

#[test]
fn each_switch_turns_exactly_its_contract_red() {
    let green = InTank::default();
    let already = red(&green);
    let mut wide = Vec::new();
    for contract in contracts::<SimProviders>() {
        let Some(world) = InTank::broken(contract.switch) else { continue };
        let mut found = red(&world);
        found.retain(|name| !already.contains(name));
        if found != [contract.name] {
            println!("wide: {:?} turns {found:?} red", contract.switch);
            wide.push(contract.switch);
        }
    }
    assert_eq!(wide, WIDE, "in the order of the table");
}

wavetank_conformance::tests!(InTank::default());
