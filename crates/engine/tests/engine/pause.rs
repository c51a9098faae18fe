//! A paused process stands still: it loses nothing, and does nothing.

use crate::basin::{Basin, Log, MILLI, Process, fifo, log, millis};
use wavetank_core::{TaskProvider, TimeProvider};
use wavetank_engine::{Scope, Stop};

#[test]
fn a_paused_process_is_not_polled_and_goes_on_afterwards() {
    let mut basin = Basin::new(2);
    let (frozen, other) = (basin.boot(0), basin.boot(1));
    let said: Log<u64> = log();
    let put = said.clone();
    basin.spawn(frozen, async move {
        loop {
            frozen.time.sleep(millis(10)).await;
            put.borrow_mut().push(frozen.time.now().as_nanos() / MILLI);
            if frozen.time.now().as_nanos() >= 100 * MILLI {
                break;
            }
        }
    });
    let node = basin.nodes[0];
    basin.spawn(other, async move {
        other.time.sleep(millis(25)).await;
        other.control.pause(Scope::Node(node));
        other.time.sleep(millis(50)).await;
        other.control.resume(Scope::Node(node));
    });
    basin.run_idle();
    // The sleep that ended at 30 is noticed at 75.
    assert_eq!(said.take(), [10, 20, 75, 85, 95, 105]);
}

#[test]
fn a_process_that_pauses_itself_ends_its_poll_first() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let said: Log<&str> = log();
    let put = said.clone();
    let scope = Scope::Node(basin.nodes[0]);
    basin.spawn(process, async move {
        process.control.pause(scope);
        put.borrow_mut().push("rest of the poll");
        process.task.yield_now().await;
        put.borrow_mut().push("next poll");
    });
    basin.run_idle();
    assert_eq!(said.borrow().as_slice(), ["rest of the poll"]);
    basin.world.enter(|| process.control.resume(scope));
    basin.run_idle();
    assert_eq!(said.take(), ["rest of the poll", "next poll"]);
}

#[test]
fn a_paused_task_is_reported_as_paused() {
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    basin.spawn(process, async move { process.time.sleep(millis(10)).await });
    assert_eq!(basin.world.run(MILLI), Stop::Until);
    let scope = Scope::Node(basin.nodes[0]);
    basin.world.enter(|| process.control.pause(scope));
    basin.run_idle();
    let [task] = &basin.world.tasks()[..] else { panic!("{:?}", basin.world.tasks()) };
    assert!(task.waits_for.contains("paused"), "{task}");
}

#[test]
fn a_paused_process_may_crash_and_boot_again() {
    let mut basin = Basin::new(1);
    let first = basin.boot(0);
    let said: Log<u32> = log();
    let scope = Scope::Node(basin.nodes[0]);
    for round in 1..=2 {
        let process = if round == 1 { first } else { basin.boot(0) };
        let put = said.clone();
        basin.spawn(process, async move {
            process.task.yield_now().await;
            put.borrow_mut().push(process.home.incarnation);
        });
        if round == 1 {
            basin.world.enter(|| process.control.pause(scope));
            basin.run_idle();
            basin.crash(0);
        }
    }
    basin.run_idle();
    assert_eq!(said.take(), [2]);
    assert!(!basin.world.has_tasks());
    // Neither pausing nor resuming what is down has an effect.
    basin.crash(0);
    basin.world.enter(|| {
        first.control.pause(scope);
        first.control.resume(scope);
    });
    assert_eq!(basin.boot(0).home.incarnation, 3);
}

#[test]
fn a_task_aborted_while_paused_ends_when_its_process_goes_on() {
    use wavetank_core::JoinHandle;
    let mut basin = Basin::new(1);
    let process = basin.boot(0);
    let handle = basin.world.enter(|| process.spawn("victim", std::future::pending::<()>()));
    basin.run_idle();
    let scope = Scope::Node(basin.nodes[0]);
    basin.world.enter(|| {
        process.control.pause(scope);
        handle.abort();
    });
    basin.run_idle();
    assert!(!basin.world.enter(|| handle.is_finished()), "nothing of a paused process moves");
    basin.world.enter(|| process.control.resume(scope));
    basin.run_idle();
    assert!(basin.world.enter(|| handle.is_finished()));
}

#[test]
fn who_stood_still_as_a_run_ended_has_no_turn_in_the_next() {
    let mut basin = Basin::new(1);
    let scope = Scope::Node(basin.nodes[0]);
    let said: Log<u32> = log();
    let speak = |basin: &mut Basin, process: Process, id: u32, pauses: bool| {
        let said = said.clone();
        basin.spawn(process, async move {
            said.borrow_mut().push(id);
            if pauses {
                process.control.pause(scope);
            }
        });
    };
    let process = basin.boot(0);
    speak(&mut basin, process, 0, true);
    speak(&mut basin, process, 1, false);
    assert_eq!(basin.run(), Stop::Idle);
    assert_eq!(said.take(), [0], "the second stands still");
    basin.begin(1, &fifo());
    let process = basin.boot(0);
    speak(&mut basin, process, 0, false);
    speak(&mut basin, process, 1, false);
    basin.world.enter(|| process.control.pause(scope));
    assert_eq!(basin.run(), Stop::Idle);
    basin.world.enter(|| process.control.resume(scope));
    basin.run_idle();
    assert_eq!(said.take(), [0, 1], "in the order of waking, as nobody stood still before");
}
