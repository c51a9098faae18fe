//! One end of a talk: what it writes and reads, in which way, and what must hold of each answer.

use crate::book::{End, Shared, byte};
use crate::dice::Dice;
use crate::tank::Hand;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use wavetank_core::{TcpStream, select};
use wavetank_network::SimTcpStream;

/// One end of a talk, wherever its halves are.
#[derive(Clone)]
pub(crate) struct Mine {
    pub(crate) hand: Hand,
    pub(crate) book: Shared,
    pub(crate) talk: usize,
    pub(crate) side: usize,
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
    pub(crate) fn talk(self, stream: SimTcpStream, mut dice: Dice) {
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
