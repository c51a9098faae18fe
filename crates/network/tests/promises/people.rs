//! Who lives on a machine: one that accepts, one that connects, one that sends datagrams.

use crate::MACHINES;
use crate::book::{End, Shared, Talk, byte};
use crate::dice::Dice;
use crate::mine::Mine;
use crate::tank::{Hand, at};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::AsyncReadExt;
use wavetank_core::{NetworkProvider, TcpListener, TcpStream, UdpSocket, select};
use wavetank_network::{SimTcpListener, SimTcpStream};

pub(crate) async fn accept_for_ever(hand: Hand, machine: u32, book: Shared, mut dice: Dice) {
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
pub(crate) async fn welcome(
    hand: Hand,
    machine: u32,
    book: Shared,
    mut stream: SimTcpStream,
    peer: SocketAddr,
    dice: Dice,
) {
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

pub(crate) async fn connect_often(hand: Hand, machine: u32, book: Shared, mut dice: Dice) {
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

pub(crate) async fn send_datagrams(hand: Hand, machine: u32, book: Shared, mut dice: Dice) {
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
