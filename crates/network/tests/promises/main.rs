//! What TCP and UDP must give, whatever happens: random operations on both ends of many
//! connections under random faults, held against a book of who wrote and read what.

mod book;
mod dice;
mod mine;
mod people;
#[path = "../tank/mod.rs"]
mod tank;

use book::Shared;
use dice::Dice;
use people::{accept_for_ever, connect_often, send_datagrams};
use tank::{Hand, Tank};
use wavetank_engine::{CrashKind, Digest, MachineId, Ratio};
use wavetank_network::NetworkConfig;

const MACHINES: u32 = 4;

fn boot(hand: Hand, machine: u32, book: &Shared, dice: &mut Dice) {
    let there = hand.boot(machine);
    {
        let mut book = book.borrow_mut();
        let life = &mut book.lives[machine as usize];
        *life = (life.0 + 1, hand.now().as_nanos(), true);
    }
    there.spawn(accept_for_ever(there, machine, book.clone(), dice.fork()));
    there.spawn(connect_often(there, machine, book.clone(), dice.fork()));
    there.spawn(send_datagrams(there, machine, book.clone(), dice.fork()));
}

async fn storm(hand: Hand, book: Shared, mut dice: Dice) {
    let calm = book.borrow().calm;
    for _ in 0..dice.below(14) {
        hand.sleep(dice.below(400)).await;
        let (one, other) = (dice.below(u64::from(MACHINES)) as u32, dice.below(u64::from(MACHINES)) as u32);
        let what = dice.below(if calm { 6 } else { 11 });
        book.borrow_mut().lossy |= what < 3;
        match what {
            0 => hand.partition(one, other),
            1 | 2 => hand.cut(one, other),
            3 => hand.clog(one, other, dice.below(900_000_000)),
            4 => hand.fabric(|fabric, kernel| {
                fabric.slow(kernel, MachineId(one), MachineId(other), 30_000_000);
            }),
            5 | 6 => hand.heal(),
            _ => {
                let kind = [CrashKind::Process, CrashKind::Process, CrashKind::Machine, CrashKind::PowerLoss]
                    [dice.below(4) as usize];
                // The storm's own node is never the one.
                let one = 1 + dice.below(u64::from(MACHINES) - 1) as u32;
                hand.crash(one, kind);
                book.borrow_mut().lives[one as usize].2 = false;
                if kind != CrashKind::Process {
                    book.borrow_mut().silent.push((one, hand.now().as_nanos()));
                }
                hand.sleep(if dice.one_in(3) { 0 } else { dice.below(600) }).await;
                boot(hand, one, &book, &mut dice);
            }
        }
        if dice.one_in(if calm { 3 } else { 12 }) {
            hand.heal();
        }
        if !calm && dice.one_in(20) {
            hand.sleep(dice.below(20_000)).await;
            book.borrow_mut().longest_cut = 20_000;
        }
    }
    hand.heal();
}

fn config(dice: &mut Dice, calm: bool) -> NetworkConfig {
    let mut config = match dice.below(3) {
        0 => NetworkConfig::perfect(),
        1 => NetworkConfig::lan(),
        _ => NetworkConfig { connect_limit: 15_000_000_000, ..NetworkConfig::hostile() },
    };
    if calm {
        (config.reset, config.connect_refused, config.connect_hang) = (Ratio::ZERO, Ratio::ZERO, Ratio::ZERO);
    }
    config.send_buffer = [1, 5, 300, 4096, 65536][dice.below(5) as usize];
    config.receive_window = [1, 5, 300, 4096, 65536][dice.below(5) as usize];
    config.backlog = [1, 2, 128][dice.below(3) as usize];
    config
}

fn run(tank: &mut Tank, seed: u64) -> Digest {
    let mut dice = Dice(seed);
    let calm = dice.one_in(3);
    let config = config(&mut dice, calm);
    let book = Shared::default();
    {
        let mut book = book.borrow_mut();
        book.calm = calm;
        book.duplicates = !config.datagram_duplicate.is_zero();
        book.bound = u64::from(config.send_buffer) + u64::from(config.receive_window);
        book.lives = vec![(0, 0, false); MACHINES as usize];
        book.narrow = u64::from(config.send_buffer.min(config.receive_window));
        book.lossy = !config.segment_loss.is_zero();
        book.has_hostile_faults = !config.reset.is_zero();
    }
    let its = book.clone();
    tank.begin(seed, |hand| {
        hand.fabric(|fabric, _| fabric.configure(&config));
        its.borrow_mut().lives[0] = (1, 0, true);
        hand.spawn(accept_for_ever(hand, 0, its.clone(), dice.fork()));
        hand.spawn(connect_often(hand, 0, its.clone(), dice.fork()));
        hand.spawn(send_datagrams(hand, 0, its.clone(), dice.fork()));
        for machine in 1..MACHINES {
            boot(hand, machine, &its, &mut dice);
        }
        hand.spawn(storm(hand, its.clone(), dice.fork()));
    });
    tank.run_for(400_000_000_000);
    let book = book.borrow();
    for (nth, talk) in book.talks.iter().enumerate() {
        for (side, end) in talk.ends.iter().enumerate() {
            let peer = &talk.ends[side ^ 1];
            let is_dead = book.lives[end.machine as usize].0 != end.life;
            let is_mute = book.silent.iter().any(|&(machine, at)| machine == peer.machine && at >= talk.connected_at);
            if end.tasks > 0 && !is_dead {
                let is_half_open = !talk.accepted;
                let is_given_up = (book.longest_cut > 0 || book.has_hostile_faults && book.lossy)
                    && (peer.tasks == 0 && peer.shut || book.lives[peer.machine as usize].0 != peer.life);
                let is_reset_lost = book.lossy && (peer.failed || peer.quit) || is_given_up;
                assert!(
                    is_mute || is_reset_lost || is_half_open && book.longest_cut > 0,
                    "seed {seed}: {nth} {side} waits for ever: {talk:?}"
                );
            }
            if book.calm {
                assert!(talk.accepted, "seed {seed}: {nth}: {talk:?}");
                assert_eq!(end.ended, Some(Ok(())), "seed {seed}: {nth} {side} {talk:?}");
                assert_eq!(end.read, peer.written, "seed {seed}: {nth} {side} {talk:?}");
            }
        }
    }
    assert!(book.talks.iter().any(|talk| talk.accepted), "seed {seed}: nobody has met");
    tank.kernel(|kernel| kernel.digest())
}

#[test]
fn what_is_read_is_what_was_written_and_nobody_waits_for_who_is_gone() {
    let mut tank = Tank::new(NetworkConfig::lan(), MACHINES);
    for seed in 0..300 {
        let digest = run(&mut tank, seed);
        if seed % 50 == 0 {
            assert_eq!(run(&mut Tank::new(NetworkConfig::lan(), MACHINES), seed), digest, "seed {seed}");
        }
    }
}
