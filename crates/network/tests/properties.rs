//! What must hold whatever happens: random operations under random faults, drawn
//! from the seed; and that one seed is one run.

mod tank;

use std::io::ErrorKind;
use tank::{Hand, Tank, at, bytes, pattern};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{NetworkProvider, TcpListener, UdpSocket};
use wavetank_engine::{CrashKind, Digest, MachineId, mix};
use wavetank_network::{NetworkConfig, SimTcpStream};

const MACHINES: u32 = 4;

/// Numbers of the test's own, not the simulation's.
#[derive(Clone, Copy)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0, 0x6469_6365) % most
    }
}

/// Serves for ever: reads in odd pieces, and checks each byte.
async fn serve(hand: Hand, machine: u32, mut dice: Dice) {
    let listener = hand.network().bind(at(machine, 80)).await.expect("the port is free after a crash");
    loop {
        let (stream, _) = listener.accept().await.expect("accepting never fails");
        hand.spawn(read_all(hand, stream, Dice(dice.below(u64::MAX))));
    }
}

async fn read_all(hand: Hand, mut stream: SimTcpStream, mut dice: Dice) {
    let mut offset = 0;
    let mut buffer = vec![0; 1 + dice.below(5000) as usize];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => break,
            Ok(len) => {
                for &byte in &buffer[..len] {
                    assert_eq!(byte, pattern(offset), "the byte at {offset} is another");
                    offset += 1;
                }
            }
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::TimedOut | ErrorKind::BrokenPipe),
                    "{error}"
                );
                return;
            }
        }
        if dice.below(8) == 0 {
            hand.sleep(dice.below(50)).await;
        }
        if dice.below(200) == 0 {
            return;
        }
    }
    if dice.below(2) == 0 {
        drop(stream.write_all(&bytes(0, 100)).await);
    }
}

async fn talk(hand: Hand, mut dice: Dice) {
    for _ in 0..8 {
        hand.sleep(dice.below(300)).await;
        let to = at(1 + dice.below(u64::from(MACHINES) - 1) as u32, 80);
        let Ok(mut stream) = hand.network().connect(to).await else { continue };
        let mut offset = 0;
        for _ in 0..dice.below(40) {
            let len = 1 + dice.below(20_000) as usize;
            if stream.write_all(&bytes(offset, len)).await.is_err() {
                break;
            }
            offset += len as u64;
            if dice.below(4) == 0 {
                hand.sleep(dice.below(20)).await;
            }
        }
        if dice.below(2) == 0 && stream.shutdown().await.is_ok() {
            let mut answer = Vec::new();
            if stream.read_to_end(&mut answer).await.is_ok() {
                assert!(answer == bytes(0, answer.len()), "the answer has a hole");
            }
        }
    }
}

/// Cuts, heals, crashes and restarts for two seconds; then all is well again.
async fn storm(hand: Hand, mut dice: Dice) {
    for _ in 0..10 {
        hand.sleep(dice.below(400)).await;
        let one = 1 + dice.below(u64::from(MACHINES) - 1) as u32;
        let other = dice.below(u64::from(MACHINES)) as u32;
        match dice.below(6) {
            0 => hand.partition(one, other),
            1 => hand.fabric(|fabric, kernel| fabric.cut(kernel, MachineId(one), MachineId(other))),
            2 => hand.fabric(|fabric, kernel| fabric.isolate(kernel, MachineId(one))),
            3 => hand.fabric(|fabric, kernel| fabric.slow(kernel, MachineId(one), MachineId(other), 30_000_000)),
            4 => {
                let kind = [CrashKind::Process, CrashKind::Machine, CrashKind::PowerLoss][dice.below(3) as usize];
                hand.crash(one, kind);
                hand.sleep(dice.below(500)).await;
                let there = hand.boot(one);
                there.spawn(serve(there, one, Dice(dice.below(u64::MAX))));
            }
            _ => hand.heal(),
        }
    }
    hand.heal();
}

fn script(seed: u64) -> impl FnOnce(Hand) {
    move |hand| {
        for machine in 1..MACHINES {
            let there = hand.boot(machine);
            there.spawn(serve(there, machine, Dice(seed ^ u64::from(machine))));
            there.spawn(talk(there, Dice(!seed ^ u64::from(machine))));
        }
        hand.spawn(talk(hand, Dice(seed.rotate_left(32))));
        hand.spawn(storm(hand, Dice(seed.rotate_left(16))));
    }
}

/// Runs a seed; what still waits must be a server that waits for clients, or a
/// half-open stream whose peer's machine died without a word.
fn run(tank: &mut Tank, seed: u64) -> Digest {
    tank.begin(seed, script(seed));
    for stuck in tank.stuck() {
        assert!(
            stuck.contains("a connection to accept") || stuck.contains("data on a TCP stream"),
            "seed {seed}: {stuck}"
        );
    }
    tank.kernel(|kernel| kernel.digest())
}

#[test]
fn what_is_received_is_a_prefix_of_what_was_sent() {
    let mut tank = Tank::new(NetworkConfig::lan(), MACHINES);
    for seed in 0..40 {
        run(&mut tank, seed);
    }
    let mut tank = Tank::new(NetworkConfig::hostile(), MACHINES);
    for seed in 0..40 {
        run(&mut tank, seed);
    }
}

#[test]
fn one_seed_is_one_run_in_a_fresh_world_and_in_a_used_one() {
    let mut used = Tank::new(NetworkConfig::hostile(), MACHINES);
    let mut digests = Vec::new();
    for seed in 0..10 {
        let fresh = run(&mut Tank::new(NetworkConfig::hostile(), MACHINES), seed);
        assert_eq!(run(&mut used, seed), fresh, "seed {seed}");
        digests.push(fresh);
    }
    digests.sort_by_key(|digest| (digest.0, digest.1));
    digests.dedup();
    assert_eq!(digests.len(), 10, "different seeds are different runs");
}

#[test]
fn perfect_is_quiet() {
    let mut tank = Tank::new(NetworkConfig::perfect(), 2);
    for seed in 0..40 {
        tank.run(seed, |hand| {
            let there = hand.boot(1);
            there.spawn(async move {
                let listener = there.network().bind(at(1, 80)).await.expect("the port is free");
                let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).await.expect("it ends in order");
                assert!(heard == bytes(0, 300_000), "{}", heard.len());
            });
            hand.spawn(async move {
                hand.sleep(1).await;
                let mut stream = hand.network().connect(at(1, 80)).await.expect("it listens");
                stream.write_all(&bytes(0, 300_000)).await.expect("it reads");
            });
        });
        tank.kernel(|kernel| assert_eq!(kernel.faults().tallies().iter().count(), 0));
    }
}

/// The digest of a run that sends these bytes, in a stream or in a datagram.
fn digest_of(is_stream: bool, bytes: &'static [u8]) -> Digest {
    Tank::new(NetworkConfig::perfect(), 2).run(1, |hand| {
        let there = hand.boot(1);
        there.spawn(async move {
            let network = there.network();
            let listener = network.bind(at(1, 80)).await.expect("the port is free");
            let socket = network.bind_udp(at(1, 80)).await.expect("the port is free");
            if is_stream {
                let (mut stream, _) = listener.accept().await.expect("accepting never fails");
                stream.read_exact(&mut vec![0; bytes.len()]).await.expect("it is sent");
            } else {
                socket.recv_from(&mut vec![0; bytes.len()]).await.expect("receiving never fails");
            }
        });
        hand.spawn(async move {
            hand.sleep(1).await;
            let network = hand.network();
            if is_stream {
                let mut stream = network.connect(at(1, 80)).await.expect("it listens");
                stream.write_all(bytes).await.expect("it reads");
            } else {
                let socket = network.bind_udp(at(0, 0)).await.expect("a port is free");
                socket.send_to(bytes, at(1, 80)).await.expect("there is room");
            }
        });
    })
}

#[test]
fn a_run_that_sends_other_bytes_has_another_digest() {
    for is_stream in [true, false] {
        let digest = digest_of(is_stream, b"one");
        assert_eq!(digest_of(is_stream, b"one"), digest);
        assert_ne!(digest_of(is_stream, b"two"), digest, "stream: {is_stream}");
    }
}
