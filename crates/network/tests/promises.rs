//! What TCP and UDP must give, whatever happens: random operations on both ends of many
//! connections under random faults, held against a book of who wrote and read what.

mod tank;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use tank::{Hand, Tank, at};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use wavetank_core::{NetworkProvider, TcpListener, TcpStream, UdpSocket, select};
use wavetank_engine::{CrashKind, Digest, Ratio, mix};
use wavetank_network::{NetworkConfig, SimTcpListener, SimTcpStream};

const MACHINES: u32 = 4;

/// Numbers of the test's own, not the simulation's.
#[derive(Clone, Copy)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0, 0x6469_6365) % most
    }
    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
    fn fork(&mut self) -> Dice {
        Dice(self.below(u64::MAX))
    }
}

/// What one end has done.
#[derive(Debug, Default, Clone)]
struct End {
    machine: u32,
    life: u32,
    written: u64,
    read: u64,
    /// It said that nothing follows: shut down, half dropped or dropped.
    shut: bool,
    /// What reading ended with.
    ended: Option<Result<(), ErrorKind>>,
    /// An error was told at this end.
    failed: bool,
    /// The tasks of this end that have not ended.
    tasks: u32,
    /// Its handle was dropped before all was read.
    quit: bool,
}

#[derive(Debug, Default)]
struct Talk {
    ends: [End; 2],
    accepted: bool,
    connected_at: u128,
    local: Option<SocketAddr>,
    to: Option<SocketAddr>,
}

#[derive(Debug, Default)]
struct Book {
    talks: Vec<Talk>,
    /// By machine: which life it is in, when that began, and whether it is up.
    lives: Vec<(u32, u128, bool)>,
    /// Machines that died without a word, by when.
    silent: Vec<(u32, u128)>,
    bound: u64,
    calm: bool,
    has_hostile_faults: bool,
    /// Of datagrams: sent where, in which life of the receiver, received how often.
    grams: BTreeMap<u64, (SocketAddr, usize, u32, bool, u32)>,
    duplicates: bool,
    longest_cut: u64,
    narrow: u64,
    lossy: bool,
}

type Shared = Rc<RefCell<Book>>;

fn byte(talk: u64, side: usize, offset: u64) -> u8 {
    if side == 0 && offset < 8 {
        return talk.to_le_bytes()[offset as usize];
    }
    mix(talk * 2 + side as u64, offset / 8).to_le_bytes()[(offset % 8) as usize]
}

/// One end of a talk, wherever its halves are.
#[derive(Clone)]
struct Mine {
    hand: Hand,
    book: Shared,
    talk: usize,
    side: usize,
}

impl Mine {
    fn end<R>(&self, body: impl FnOnce(&mut End) -> R) -> R {
        body(&mut self.book.borrow_mut().talks[self.talk].ends[self.side])
    }

    fn wrote(&self, len: u64) {
        let mut book = self.book.borrow_mut();
        let bound = book.bound + if self.side == 0 && !book.talks[self.talk].accepted { 8 } else { 0 };
        let talk = &mut book.talks[self.talk];
        talk.ends[self.side].written += len;
        let held = talk.ends[self.side].written - talk.ends[self.side ^ 1].read;
        assert!(held <= bound, "{held} bytes are between two ends, {bound} at most");
    }

    /// A write of random size; whether it may go on.
    async fn write(&self, stream: &mut (impl AsyncWrite + Unpin), dice: &mut Dice) -> bool {
        let from = self.end(|end| end.written);
        let len =
            if from < 8 && self.side == 0 { 8 - from } else { [0, 1, 7, 100, 1000, 9000][dice.below(6) as usize] };
        let len = len.min(self.book.borrow().narrow.max(8) * 4);
        let data: Vec<u8> = (from..from + len).map(|offset| byte(self.talk as u64, self.side, offset)).collect();
        let mut done = 0;
        let patience = if from >= 8 && dice.one_in(10) { dice.below(20) } else { 1 << 40 };
        while done < data.len() || len == 0 {
            let wrote = select! {
                biased;
                wrote = stream.write(&data[done..]) => wrote,
                () = self.hand.sleep(patience) => return true,
            };
            match wrote {
                Ok(0) => {
                    assert_eq!(len, 0, "a write takes something");
                    return true;
                }
                Ok(len) => {
                    done += len;
                    self.wrote(len as u64);
                }
                Err(error) => {
                    self.failed(error.kind());
                    return false;
                }
            }
        }
        true
    }

    fn failed(&self, kind: ErrorKind) {
        assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::TimedOut | ErrorKind::BrokenPipe), "{kind:?}");
        let mut book = self.book.borrow_mut();
        if book.calm {
            let talk = &book.talks[self.talk];
            panic!("a calm talk failed at {}: {kind:?} {talk:?}", self.side);
        }
        book.talks[self.talk].ends[self.side].failed = true;
    }

    /// A read into a buffer of random size; whether it may go on.
    async fn read(&self, stream: &mut (impl AsyncRead + Unpin), dice: &mut Dice) -> bool {
        let room = [0, 1, 3, 64, 5000][dice.below(5) as usize];
        let mut space = vec![0; room];
        let mut buffer = ReadBuf::new(&mut space);
        let patience = if dice.one_in(10) { dice.below(20) } else { 1 << 40 };
        let got = select! {
            biased;
            got = poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer)) => got,
            () = self.hand.sleep(patience) => return true,
        };
        let side = self.side ^ 1;
        match got {
            Ok(()) if buffer.filled().is_empty() && room == 0 => true,
            Ok(()) if buffer.filled().is_empty() => {
                let book = self.book.borrow();
                let talk = &book.talks[self.talk];
                let (me, peer) = (&talk.ends[self.side], &talk.ends[side]);
                if !me.failed {
                    let is_dead =
                        book.lives[peer.machine as usize].0 != peer.life || !book.lives[peer.machine as usize].2;
                    assert!(peer.shut || is_dead || !talk.accepted, "an end that nobody said: {talk:?}");
                    assert_eq!(me.read, peer.written, "the end comes after all: {talk:?} at {}", self.side);
                }
                drop(book);
                self.end(|end| end.ended = Some(Ok(())));
                false
            }
            Ok(()) => {
                let from = self.end(|end| end.read);
                for (nth, &got) in buffer.filled().iter().enumerate() {
                    let offset = from + nth as u64;
                    assert_eq!(got, byte(self.talk as u64, side, offset), "talk {} at {offset}", self.talk);
                }
                let len = buffer.filled().len() as u64;
                let mut book = self.book.borrow_mut();
                let talk = &mut book.talks[self.talk];
                talk.ends[self.side].read += len;
                assert!(talk.ends[self.side].read <= talk.ends[side].written, "{talk:?}");
                true
            }
            Err(error) => {
                self.failed(error.kind());
                self.end(|end| end.ended = Some(Err(error.kind())));
                false
            }
        }
    }

    fn shut(&self) {
        self.end(|end| end.shut = true);
    }

    async fn write_some(&self, stream: &mut (impl AsyncWrite + Unpin), dice: &mut Dice) -> bool {
        for _ in 0..1 + dice.below(20) {
            if self.side == 0 && self.end(|end| end.written > 0) && self.book.borrow().narrow < 20 && dice.one_in(3) {
                return true;
            }
            if !self.write(stream, dice).await {
                return false;
            }
            match dice.below(12) {
                0 => self.hand.sleep(dice.below(40)).await,
                1 => stream.flush().await.expect("there is nothing to flush"),
                2 => self.hand.sleep_micros(dice.below(400)).await,
                _ => {}
            }
        }
        true
    }

    async fn read_all(&self, stream: &mut (impl AsyncRead + Unpin), dice: &mut Dice) {
        while self.read(stream, dice).await {
            match dice.below(30) {
                0 => self.hand.sleep(dice.below(40)).await,
                1 => self.hand.sleep_micros(dice.below(400)).await,
                _ => {}
            }
            if !self.book.borrow().calm && dice.one_in(300) {
                self.end(|end| end.quit = true);
                return;
            }
        }
    }

    fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        self.end(|end| end.tasks += 1);
        let mine = self.clone();
        self.hand.spawn(async move {
            future.await;
            mine.end(|end| end.tasks -= 1);
        });
    }

    async fn until_quit(&self) {
        while !self.end(|end| end.quit) {
            if self.book.borrow().calm {
                std::future::pending::<()>().await;
            }
            self.hand.sleep(100).await;
        }
    }

    /// Talks over a stream, in one of several ways.
    fn talk(self, stream: SimTcpStream, mut dice: Dice) {
        let way = dice.below(4);
        let mine = self.clone();
        // A task that is ended wherever it is.
        let deadline = if !self.book.borrow().calm && dice.one_in(6) { dice.below(400) } else { 1 << 40 };
        match way {
            0 | 1 => {
                let (mut reading, mut writing) = stream.into_split();
                let (mut one, mut other) = (dice.fork(), dice.fork());
                let it = mine.clone();
                self.spawn(async move {
                    select! {
                        biased;
                        () = it.read_all(&mut reading, &mut one) => {}
                        () = it.hand.sleep(deadline) => it.end(|end| end.quit = true),
                    }
                    drop(reading);
                });
                let it = mine;
                self.spawn(async move {
                    select! {
                        biased;
                        _ = it.write_some(&mut writing, &mut other) => {}
                        () = it.until_quit() => {}
                        () = it.hand.sleep(deadline / 2) => {}
                    }
                    it.shut();
                    if way == 0 {
                        writing.shutdown().await.expect("it is swallowed");
                        it.hand.sleep(other.below(10)).await;
                    }
                    drop(writing);
                });
            }
            _ => {
                let mut stream = stream;
                let it = mine;
                let is_first_writer = self.side == 0;
                self.spawn(async move {
                    let all = async {
                        if !is_first_writer {
                            it.read_all(&mut stream, &mut dice).await;
                        }
                        if it.end(|end| end.quit) {
                            return;
                        }
                        it.write_some(&mut stream, &mut dice).await;
                        if is_first_writer || dice.one_in(2) {
                            it.shut();
                            stream.shutdown().await.expect("it is swallowed");
                        }
                        if is_first_writer {
                            it.read_all(&mut stream, &mut dice).await;
                        }
                    };
                    select! {
                        biased;
                        () = all => {}
                        () = it.hand.sleep(deadline) => {
                            it.end(|end| end.quit = true);
                        }
                    }
                    it.shut();
                    drop(stream);
                });
            }
        }
    }
}

async fn accept_for_ever(hand: Hand, machine: u32, book: Shared, mut dice: Dice) {
    loop {
        let is_any = dice.one_in(2);
        let mut address = at(machine, 80);
        if is_any {
            address.set_ip([0, 0, 0, 0].into());
        }
        let listener: SimTcpListener = hand.network().bind(address).await.expect("a dead process holds no port");
        let accepts = if book.borrow().calm { u64::MAX } else { 1 + dice.below(12) };
        for _ in 0..accepts {
            if dice.one_in(4) {
                hand.sleep(dice.below(30)).await;
            }
            let (stream, peer) = select! {
                biased;
                accepted = listener.accept() => accepted.expect("accepting never fails"),
                () = hand.sleep(if book.borrow().calm { 1 << 40 } else { 3000 }) => break,
            };
            let (book, dice) = (book.clone(), dice.fork());
            hand.spawn(welcome(hand, machine, book, stream, peer, dice));
        }
        drop(listener);
        hand.sleep(dice.below(20)).await;
    }
}

/// Reads who it is, then talks.
async fn welcome(hand: Hand, machine: u32, book: Shared, mut stream: SimTcpStream, peer: SocketAddr, dice: Dice) {
    let mut name = [0; 8];
    let mut got = 0;
    while got < 8 {
        match stream.read(&mut name[got..]).await {
            Ok(0) | Err(_) => return,
            Ok(len) => got += len,
        }
    }
    let nth = u64::from_le_bytes(name) as usize;
    let local = stream.local_addr().expect("it has one");
    {
        let mut book = book.borrow_mut();
        let life = book.lives[machine as usize].0;
        let since = book.lives[machine as usize].1;
        let talk = &mut book.talks[nth];
        assert!(!talk.accepted, "a talk is accepted once: {talk:?}");
        talk.accepted = true;
        assert_eq!(Some(peer), talk.local, "the peer is who connected");
        assert_eq!(Some(local), talk.to, "the local address is that which was connected to");
        if let Ok(peer) = stream.peer_addr() {
            assert_eq!(Some(peer), talk.local);
        }
        assert!(since <= talk.connected_at, "whom one life of a process took in, another accepts: {talk:?}");
        talk.ends[1] = End { machine, life, read: 8, ..End::default() };
        assert!(talk.ends[0].written >= 8);
    }
    Mine { hand, book, talk: nth, side: 1 }.talk(stream, dice);
}

async fn connect_often(hand: Hand, machine: u32, book: Shared, mut dice: Dice) {
    for _ in 0..2 + dice.below(6) {
        hand.sleep(dice.below(300)).await;
        let to = at(dice.below(u64::from(MACHINES)) as u32, 80);
        let patience = if dice.one_in(5) { dice.below(5) } else { 1 << 40 };
        let network = hand.network();
        let stream = select! {
            biased;
            stream = network.connect(to) => stream,
            () = hand.sleep(patience) => continue,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::TimedOut), "{error}");
                assert!(!book.borrow().calm || error.kind() == ErrorKind::TimedOut, "{error}");
                continue;
            }
        };
        let local = stream.local_addr().expect("it is connected");
        if let Ok(peer) = stream.peer_addr() {
            assert_eq!(peer, to);
        }
        assert_eq!(local.ip(), at(machine, 0).ip());
        let talk = {
            let mut book = book.borrow_mut();
            let life = book.lives[machine as usize].0;
            let is_used = book.talks.iter().any(|talk| {
                let end = &talk.ends[0];
                talk.local == Some(local) && end.tasks > 0 && end.life == life && end.machine == machine
            });
            assert!(!is_used, "two open streams have {local}");
            let mut talk =
                Talk { local: Some(local), to: Some(to), connected_at: hand.now().as_nanos(), ..Talk::default() };
            talk.ends[0] = End { machine, life, ..End::default() };
            talk.ends[1].machine = (0..MACHINES).find(|&n| at(n, 80) == to).expect("it is one of ours");
            talk.ends[1].life = book.lives[talk.ends[1].machine as usize].0;
            book.talks.push(talk);
            book.talks.len() - 1
        };
        Mine { hand, book: book.clone(), talk, side: 0 }.talk(stream, dice.fork());
    }
}

async fn send_datagrams(hand: Hand, machine: u32, book: Shared, mut dice: Dice) {
    let socket = Rc::new(hand.network().bind_udp(at(machine, 53)).await.expect("a dead process holds no port"));
    let (hearing, heard, life) = (socket.clone(), book.clone(), book.borrow().lives[machine as usize].0);
    hand.spawn(async move {
        let mut space = [0; 3000];
        loop {
            let (len, from) = hearing.recv_from(&mut space).await.expect("receiving never fails");
            let name = u64::from_le_bytes(space[..8].try_into().expect("eight"));
            let mut book = heard.borrow_mut();
            let duplicates = book.duplicates;
            let gram = book.grams.get_mut(&name).expect("it was sent");
            assert_eq!((from, len), (gram.0, gram.1));
            assert!(space[8..len].iter().enumerate().all(|(nth, &got)| got == byte(name, 1, nth as u64)));
            assert!(life == gram.2 || (!gram.3 && life == gram.2 + 1), "it was for another life: {gram:?} {life}");
            gram.4 += 1;
            assert!(gram.4 <= if duplicates { 2 } else { 1 }, "{gram:?}");
        }
    });
    for _ in 0..dice.below(60) {
        hand.sleep(dice.below(60)).await;
        let to = dice.below(u64::from(MACHINES)) as u32;
        let (name, len) = (dice.below(1 << 50), 8 + dice.below(2000) as usize);
        let mut data = name.to_le_bytes().to_vec();
        data.extend((0..len as u64 - 8).map(|nth| byte(name, 1, nth)));
        {
            let mut book = book.borrow_mut();
            let (life, _, is_up) = book.lives[to as usize];
            book.grams.insert(name, (at(machine, 53), len, life, is_up, 0));
        }
        assert_eq!(socket.send_to(&data, at(to, 53)).await.expect("there is always room"), len);
    }
}

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
                fabric.slow(kernel, wavetank_engine::MachineId(one), wavetank_engine::MachineId(other), 30_000_000);
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
