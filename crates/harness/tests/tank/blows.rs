//! What a test does to hosts by hand beside what every plan does: one direction, one host, a
//! disk, a clock.

use super::{MS, tank};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;
use wavetank_core::{NetworkProvider, OpenOptions, Providers, StorageFile, StorageProvider, TimeProvider, UdpSocket};
use wavetank_harness::{ClockStep, EngineConfig, NetworkConfig, Ratio, StorageConfiguration, Tank};

const NAMES: [&str; 3] = ["a", "b", "c"];

type Heard = Rc<RefCell<BTreeSet<(char, char)>>>;

/// Three hosts that call each other by datagram every millisecond; who hears whom.
fn callers() -> (Tank, Heard) {
    let (mut tank, heard) = (tank(), Heard::default());
    for me in NAMES {
        let heard = heard.clone();
        tank.host(me, move |world| {
            let heard = heard.clone();
            async move {
                let socket = world.bind_udp((Ipv4Addr::UNSPECIFIED, 9).into()).await?;
                loop {
                    for other in NAMES.into_iter().filter(|other| *other != me) {
                        let to = world.network().lookup(&format!("{other}:9")).await?[0];
                        socket.send_to(me.as_bytes(), to).await?;
                    }
                    let mut name = [0];
                    while let Ok(received) = world.timeout(MS, socket.recv_from(&mut name)).await {
                        received?;
                        heard.borrow_mut().insert((char::from(name[0]), me.chars().next().expect("it has a name")));
                    }
                }
                #[expect(unreachable_code, reason = "it says what kind of error there may be")]
                io::Result::Ok(())
            }
        });
    }
    (tank, heard)
}

/// Who is heard by whom within some milliseconds, and then again.
fn hears(tank: &mut Tank, heard: &Heard) -> String {
    tank.run_for(5 * MS);
    heard.borrow_mut().clear();
    tank.run_for(10 * MS);
    heard.borrow().iter().map(|(from, to)| format!("{from}>{to}")).collect::<Vec<_>>().join(" ")
}

const ALL: &str = "a>b a>c b>a b>c c>a c>b";

#[test]
fn a_cut_has_one_direction_and_is_mended_in_it() {
    let (mut tank, heard) = callers();
    assert_eq!(hears(&mut tank, &heard), ALL);
    tank.cut("a", "b");
    assert_eq!(hears(&mut tank, &heard), "a>c b>a b>c c>a c>b");
    tank.partition("a", "b");
    assert_eq!(hears(&mut tank, &heard), "a>c b>c c>a c>b");
    tank.mend("a", "b");
    assert_eq!(hears(&mut tank, &heard), "a>b a>c b>c c>a c>b");
    tank.mend("b", "a");
    assert_eq!(hears(&mut tank, &heard), ALL);
}

#[test]
fn who_is_isolated_is_so_until_all_is_healed() {
    let (mut tank, heard) = callers();
    tank.isolate("b");
    assert_eq!(hears(&mut tank, &heard), "a>c c>a");
    tank.heal();
    assert_eq!(hears(&mut tank, &heard), ALL);
    assert_eq!(tank.faults(), 1);
}

#[test]
fn a_clogged_direction_holds_what_departs_until_it_is_let_go() {
    let (mut tank, heard) = callers();
    tank.clog("a", "b", 50 * MS);
    assert_eq!(hears(&mut tank, &heard), "a>c b>a b>c c>a c>b");
    tank.run_for(30 * MS);
    assert_eq!(hears(&mut tank, &heard), ALL, "it is over");
    tank.clog("a", "b", Duration::MAX);
    assert_eq!(hears(&mut tank, &heard), "a>c b>a b>c c>a c>b");
    tank.clog("a", "b", Duration::ZERO);
    assert_eq!(hears(&mut tank, &heard), ALL);
}

type Boots = Rc<RefCell<Vec<(u64, Duration)>>>;

/// A host that says at each boot how large its file is and how long its disk took, and writes a
/// byte more that it does not sync.
fn keeper(storage: StorageConfiguration) -> (Tank, Boots) {
    let mut tank = Tank::with_configs(7, NetworkConfig::perfect(), storage, EngineConfig::default());
    let seen = Boots::default();
    let boots = seen.clone();
    tank.host("keeper", move |world| {
        let boots = boots.clone();
        async move {
            let begun = world.now();
            let file = world.open("file", OpenOptions::append()).await?;
            let size = file.size().await?;
            world.storage().sync_dir("/").await?;
            file.write_all_at(b"x", 0).await?;
            boots.borrow_mut().push((size, world.now() - begun));
            std::future::pending::<io::Result<()>>().await
        }
    });
    (tank, seen)
}

#[test]
fn a_crash_of_the_machine_loses_what_one_of_the_process_keeps() {
    let (mut tank, seen) = keeper(StorageConfiguration { crash_fault_probability: Ratio::ONE, ..Default::default() });
    let strikes: [fn(&mut Tank); 3] =
        [|tank| tank.crash("keeper"), |tank| tank.machine_crash("keeper"), |tank| tank.wipe("keeper")];
    for strike in strikes {
        tank.run_for(100 * MS);
        strike(&mut tank);
        tank.restart("keeper");
    }
    tank.run_for(100 * MS);
    let sizes: Vec<u64> = seen.borrow().iter().map(|(size, _)| *size).collect();
    assert_eq!(sizes, [0, 1, 0, 0]);
}

#[test]
fn a_wiped_disk_is_empty_whether_its_host_was_up_or_not() {
    let (mut tank, seen) = keeper(StorageConfiguration::default());
    for is_up in [true, false] {
        tank.run_for(100 * MS);
        if !is_up {
            tank.crash("keeper");
        }
        tank.wipe("keeper");
        tank.restart("keeper");
    }
    tank.run_for(100 * MS);
    let sizes: Vec<u64> = seen.borrow().iter().map(|(size, _)| *size).collect();
    assert_eq!(sizes, [0, 0, 0]);
}

#[test]
fn a_slow_disk_is_slow_until_it_is_not() {
    let (mut tank, seen) = keeper(StorageConfiguration::default());
    for factor in [100, 1] {
        tank.run_for(Duration::from_secs(2));
        tank.slow_disk("keeper", factor);
        tank.restart("keeper");
    }
    tank.run_for(Duration::from_secs(2));
    let [before, slow, after] = seen.borrow()[..] else { panic!("it was booted three times") };
    assert!(slow.1 > 20 * before.1 && slow.1 > 20 * after.1, "{before:?} {slow:?} {after:?}");
}

type Read = Rc<RefCell<[(f64, f64); 2]>>;

/// Two hosts that say each second what has passed by their wall clock and by the other, in
/// seconds, the one that is to be right first.
fn clocks() -> (Tank, Read) {
    let (mut tank, read) = (tank(), Read::default());
    for (place, name) in ["right", "wrong"].into_iter().enumerate() {
        let read = read.clone();
        tank.host(name, move |world| {
            let read = read.clone();
            async move {
                let (wall, now) = (world.time().wall(), world.now());
                loop {
                    world.sleep(Duration::from_secs(1)).await;
                    let passed = world.time().wall().duration_since(wall);
                    let passed = passed.map_or_else(|back| -back.duration().as_secs_f64(), |on| on.as_secs_f64());
                    read.borrow_mut()[place] = (passed, (world.now() - now).as_secs_f64());
                }
                #[expect(unreachable_code, reason = "it says what kind of error there may be")]
                io::Result::Ok(())
            }
        });
    }
    (tank, read)
}

#[test]
fn a_wall_clock_jumps_and_no_other_does() {
    let (mut tank, read) = clocks();
    let hour = Duration::from_secs(3600);
    tank.step_clock("wrong", ClockStep::Ahead(hour));
    tank.run_for(Duration::from_millis(1500));
    assert_eq!(*read.borrow(), [(1.0, 1.0), (1.0, 1.0)], "it jumped before it was read first");
    tank.step_clock("wrong", ClockStep::Ahead(hour));
    tank.run_for(Duration::from_secs(1));
    assert_eq!(*read.borrow(), [(2.0, 2.0), (3602.0, 2.0)]);
    tank.step_clock("wrong", ClockStep::Back(2 * hour));
    tank.run_for(Duration::from_secs(1));
    assert_eq!(*read.borrow(), [(3.0, 3.0), (-3597.0, 3.0)]);
}

#[test]
fn a_skewed_clock_runs_wrong_until_it_runs_right_again() {
    let (mut tank, read) = clocks();
    let mut passed = |ppm| {
        let (_, before) = read.borrow()[1];
        tank.skew_clock("wrong", ppm);
        tank.run_for(Duration::from_secs(100));
        let (wall, now) = read.borrow()[1];
        assert_eq!(wall, now, "both clocks run wrong");
        now - before
    };
    assert_eq!([passed(50_000), passed(0), passed(-50_000)].map(f64::round), [104.0, 100.0, 95.0]);
    assert_eq!(read.borrow()[0], (300.0, 300.0));
}
