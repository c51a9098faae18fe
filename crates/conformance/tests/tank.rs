//! The simulated arm: two hosts in a tank, on the default network and disks.

use std::sync::{Arc, Mutex, OnceLock};
use wavetank_conformance::{Break, Breakable, Host, Main, World, prove_switches};
use wavetank_engine::EngineConfig;
use wavetank_harness::{NetworkConfig, SimProviders, StorageConfiguration, Tank};

/// Which run of the tank the contracts see.
const SEED: u64 = 1;

#[derive(Default)]
struct InTank {
    network: NetworkConfig,
    storage: StorageConfiguration,
    broken: Option<wavetank_engine::Broken>,
}

impl World for InTank {
    type Providers = SimProviders;

    fn run(&self, a: Main<SimProviders>, b: Main<SimProviders>) {
        // As tokio has it: a panic ends its task, and who joins that is told.
        let engine = EngineConfig { survive_panics: true, broken: self.broken, ..EngineConfig::default() };
        let mut tank = Tank::with_configs(SEED, self.network.clone(), self.storage.clone(), engine);
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
        let broken = engine_switch(switch);
        let is_any = network.broken.is_some() || storage.broken.is_some() || broken.is_some();
        is_any.then_some(InTank { network, storage, broken })
    }
}

fn network_switch(switch: Break) -> Option<wavetank_network::Broken> {
    use wavetank_network::Broken;
    Some(match switch {
        Break::NobodyAccepts => Broken::Refusal,
        Break::SegmentsSwapped => Broken::DataOrder,
        Break::OneDirectionAtATime => Broken::FullDuplex,
        Break::ShutdownClosesBoth => Broken::HalfClose,
        Break::ShutdownForgotten => Broken::Shutdown,
        Break::ShutdownFailsTwice => Broken::ShutdownAgain,
        Break::ResetRepeated => Broken::ResetOnce,
        Break::DropIsSilent => Broken::EofAfterDrop,
        Break::DropDiscardsUnsent => Broken::DataBeforeDrop,
        Break::EndReadOnce => Broken::EofAgain,
        Break::UnreadBytesForgiven => Broken::ResetOnUnread,
        Break::PeerNeverGone => Broken::BrokenPipe,
        Break::WindowUnlimited => Broken::Backpressure,
        Break::PortZeroKept => Broken::PortZero,
        Break::PeerAddressWrong => Broken::PeerAddress,
        Break::PeerKept => Broken::NotConnected,
        Break::ResetPeerKept => Broken::NotConnectedByReset,
        Break::PortShared => Broken::AddrInUse,
        Break::ForeignAddressBound => Broken::AddrNotAvailable,
        Break::WildcardUnreachable => Broken::Wildcard,
        Break::BacklogNone => Broken::DataBeforeAccept,
        Break::BacklogReversed => Broken::AcceptOrder,
        Break::AcceptNotCancelSafe => Broken::AcceptCancel,
        Break::ReadNotCancelSafe => Broken::ReadCancel,
        Break::SlicesLeft => Broken::Vectored,
        Break::EmptyReadReady => Broken::EmptyRead,
        Break::ListenerLingers => Broken::RefusalAfterClose,
        Break::PortLeaked => Broken::PortReuse,
        Break::ListenerTakesStreams => Broken::ListenerOnly,
        Break::WriteHalfLingers => Broken::EofAfterHalfDrop,
        Break::HalvesReset => Broken::EofBeforeReset,
        Break::AcceptWakesLast => Broken::AcceptTogether,
        Break::SenderWrong => Broken::UdpSender,
        Break::DatagramsMerged => Broken::UdpBoundary,
        Break::DatagramKept => Broken::UdpTruncation,
        Break::DatagramUnlimited => Broken::UdpSize,
        Break::PortZeroSentTo => Broken::UdpPortZero,
        Break::FamiliesMixed => Broken::UdpFamily,
        Break::EverybodySentTo => Broken::UdpBroadcast,
        Break::ReceiveWakesLast => Broken::UdpTogether,
        Break::ReceiveNotCancelSafe => Broken::UdpCancel,
        Break::DatagramRefused => Broken::UdpNobody,
        Break::UdpPortShared => Broken::UdpAddrInUse,
        Break::UdpWildcardUnreachable => Broken::UdpWildcard,
        Break::UdpForeignAddressBound => Broken::UdpAddrNotAvailable,
        Break::PortsTogether => Broken::PortsApart,
        Break::NumericUnknown => Broken::NumericName,
        Break::PortGuessed => Broken::NameWithoutPort,
        Break::NameIgnored => Broken::NameOfMachine,
        _ => return None,
    })
}

fn engine_switch(switch: Break) -> Option<wavetank_engine::Broken> {
    use wavetank_engine::Broken;
    Some(match switch {
        Break::SleepEarly => Broken::SleepLasts,
        Break::SleepsReversed => Broken::SleepOrder,
        Break::PastDeadlineMissed => Broken::PastDeadline,
        Break::ClockGoesBack => Broken::Monotonic,
        Break::ClonesApart => Broken::Clones,
        Break::WallStands => Broken::WallMoves,
        Break::TimeoutEarly => Broken::TimeoutLasts,
        Break::TimeoutWins => Broken::TimeoutWaits,
        Break::IntervalEarly => Broken::IntervalPeriod,
        Break::IntervalBursts => Broken::IntervalBurst,
        Break::ResetIgnoredBefore => Broken::ResetBefore,
        Break::ResetIgnoredWaiting => Broken::ResetWaiting,
        Break::ResetIgnoredAfter => Broken::ResetAfter,
        Break::ResultLost => Broken::Result,
        Break::ResultForgotten => Broken::Again,
        Break::AbortIgnored => Broken::Abort,
        Break::AbortLeaks => Broken::AbortDrops,
        Break::AbortAtOnce => Broken::AbortItself,
        Break::AbortAfterEnd => Broken::AbortAfterEnd,
        Break::PanicSwallowed => Broken::Panic,
        Break::FinishedAtOnce => Broken::Finished,
        Break::DetachAborts => Broken::Detach,
        Break::YieldStarves => Broken::Yield,
        Break::LocalLost => Broken::Local,
        Break::BlockingLost => Broken::Blocking,
        Break::BlockingAborted => Broken::BlockingAbort,
        Break::BlockingPanicSwallowed => Broken::BlockingPanic,
        Break::BitStuck => Broken::Bits,
        Break::BoundMissed => Broken::Bound,
        Break::RatioBiased => Broken::Ratio,
        Break::ClonesRepeat => Broken::Streams,
        Break::HostsAlike => Broken::Hosts,
        Break::EntropyShort => Broken::Entropy,
        _ => return None,
    })
}

fn storage_switch(switch: Break) -> Option<wavetank_storage::Broken> {
    use wavetank_storage::Broken;
    Some(match switch {
        Break::OpenCreates => Broken::MissingNotFound,
        Break::CreateEmpties => Broken::CreateKeeps,
        Break::CreateNewOpens => Broken::CreateNewExists,
        Break::TruncateIgnored => Broken::TruncateEmpties,
        Break::OptionsUnchecked => Broken::OptionsChecked,
        Break::DirectoryOpens => Broken::DirectoryIsNoFile,
        Break::FileAsDirectory => Broken::NothingBelowFile,
        Break::WritesKeptBack => Broken::WritesSeen,
        Break::LargeWriteTorn => Broken::LargeWrites,
        Break::CursorStands => Broken::CursorMoves,
        Break::SeekIgnored => Broken::SeekFromEnd,
        Break::SeekClamped => Broken::SeekBeforeStart,
        Break::CursorShared => Broken::CursorsApart,
        Break::EndIsAnError => Broken::EndOfFile,
        Break::OffsetsUnsigned => Broken::OffsetsSigned,
        Break::PositionedMoves => Broken::PositionKeepsCursor,
        Break::GapIsGarbage => Broken::HolesAreZero,
        Break::ExactReadShort => Broken::ExactRead,
        Break::AppendAtCursor => Broken::AppendMode,
        Break::AppendAtOffset => Broken::AppendByPosition,
        Break::CutComesBack => Broken::CutForgets,
        Break::LargeCutIgnored => Broken::LargeCuts,
        Break::LargeSizeWrong => Broken::LargeSizes,
        Break::RewindForgotten => Broken::RewindReads,
        Break::WriteOnlyReads => Broken::ReadChecked,
        Break::ReadOnlyWrites => Broken::AccessChecked,
        Break::SyncFails => Broken::SyncSucceeds,
        Break::DisksShared => Broken::MachinesIsolated,
        Break::ExistsLies => Broken::ExistsTruly,
        Break::RenameCopies => Broken::RenameMoves,
        Break::RenameRefusesToReplace => Broken::RenameReplaces,
        Break::RenameForgetsChildren => Broken::RenameTakesAlong,
        Break::RenameOfNothing => Broken::RenameNotFound,
        Break::RenameMixes => Broken::RenameChecksKinds,
        Break::DeleteEmpties => Broken::DeleteKeepsOpen,
        Break::DeleteOfDirectory => Broken::DeleteChecksKind,
        Break::ParentsMissing => Broken::CreateDirAllRepeats,
        Break::FileReplacedByDirectory => Broken::CreateDirChecksKind,
        Break::ListUnsorted => Broken::ReadDirSorted,
        Break::ListOfNothing => Broken::ReadDirNotFound,
        Break::FullDirectoryRemoved => Broken::RemoveDirEmpty,
        Break::RemoveOfFile => Broken::RemoveDirChecksKind,
        Break::DirectorySyncFails => Broken::SyncDirSucceeds,
        Break::SyncOfNothing => Broken::SyncDirNotFound,
        _ => return None,
    })
}

#[test]
fn each_switch_turns_exactly_its_contract_red() {
    let missing = prove_switches::<InTank>(Break::ALL);
    let (all, proven) = (Break::ALL.len(), Break::ALL.len() - missing.len());
    println!("{proven} of {all} contracts have a switch that turns them red, and no other");
    let readme = include_str!("../README.md").replace('\n', " ");
    let words = format!("There are {all} contracts, and {proven} of them have a switch");
    assert!(readme.contains(&words), "the README does not say: {words}");
    assert_eq!(missing, [], "these have no switch");
}

wavetank_conformance::tests!(InTank::default());
