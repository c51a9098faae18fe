//! Contracts of TCP streams. Says nothing of timing beyond "in the end", and of listeners
//! nothing but what a stream needs of one.

use crate::{Part, Stage};
use std::future::Future;
use std::io::{ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use wavetank_core::{Listener, Providers, Stream, TcpListener, TcpStream};

/// Connects to a listener on host b, where `part` gets the other end of the stream.
async fn connected<P, F, T>(
    stage: &Stage<P>,
    part: impl FnOnce(Stream<P>) -> F + Send + 'static,
) -> (Stream<P>, Part<T>)
where
    P: Providers,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let (to, part) = listening(stage, async move |listener: Listener<P>| {
        let (stream, _) = listener.accept().await.expect("somebody connects");
        part(stream).await
    })
    .await;
    (stage.a.world.connect(to).await.expect("host b listens"), part)
}

/// Gives a listener on host b to `part`, and says where it listens.
async fn listening<P, F, T>(
    stage: &Stage<P>,
    part: impl FnOnce(Listener<P>) -> F + Send + 'static,
) -> (SocketAddr, Part<T>)
where
    P: Providers,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let (tell, told) = oneshot::channel();
    let part = stage.b.run(async move |host| {
        let listener = host.listen().await;
        tell.send(listener.local_addr().expect("it is bound")).expect("host a waits for it");
        part(listener).await
    });
    (told.await.expect("host b listens"), part)
}

/// A stream on one host: both of its ends, and the listener, which stays for those
/// contracts that do not depend on its end.
async fn both_ends<P: Providers>(stage: &Stage<P>) -> (Stream<P>, Stream<P>, Listener<P>) {
    let listener = stage.a.listen().await;
    let to = listener.local_addr().expect("it is bound");
    // At the same time, so that only the contracts of the backlog depend on it.
    let (near, far) = both(stage.a.world.connect(to), listener.accept()).await;
    (near.expect("we listen"), far.expect("we connected").0, listener)
}

/// `length` bytes that repeat with no power of two.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

async fn read_all<P: Providers>(mut stream: Stream<P>) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("the peer ends in order");
    bytes
}

/// Polls once, finds nothing, and gives up.
pub(crate) fn give_up(future: impl Future) {
    assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// A connection to a port where nobody listens is refused.
pub async fn connecting_where_nobody_listens_is_refused<P: Providers>(stage: Stage<P>) {
    // tcpmux, which nobody has run since the eighties: a port that was never listened on.
    let nobody = stage.b.run(async |host| host.at(1)).end().await;
    let error = stage.a.world.connect(nobody).await.err().expect("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// A stream's bytes arrive all, unchanged and in the order in which they were written.
pub async fn bytes_arrive_whole_and_in_order<P: Providers>(stage: Stage<P>) {
    let (mut stream, part) = connected(&stage, read_all::<P>).await;
    let bytes = pattern(1_000_000);
    for piece in bytes.chunks(7_919) {
        stream.write_all(piece).await.expect("host b reads");
    }
    stream.shutdown().await.expect("the stream is open");
    assert!(part.end().await == bytes);
}

/// Both directions of a stream flow at the same time.
pub async fn both_directions_flow_at_once<P: Providers>(stage: Stage<P>) {
    let (mut stream, part) = connected(&stage, async |stream: Stream<P>| {
        let (mut read, mut write) = tokio::io::split(stream);
        tokio::io::copy(&mut read, &mut write).await.expect("host a reads and writes");
        write.shutdown().await.expect("the stream is open");
    })
    .await;
    let bytes = pattern(300_000);
    let (mut read, mut write) = tokio::io::split(&mut stream);
    let mut back = Vec::new();
    let (sent, received) = both(
        async {
            write.write_all(&bytes).await?;
            write.shutdown().await
        },
        read.read_to_end(&mut back),
    )
    .await;
    sent.expect("host b reads");
    received.expect("host b ends in order");
    assert!(back == bytes);
    part.end().await;
}

/// Both results, polled in turn by one task.
async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|cx| {
        use std::task::Poll;
        if first.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(cx)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(cx)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// After a shutdown the peer reads to the end and can still answer.
pub async fn a_shutdown_closes_one_direction_only<P: Providers>(stage: Stage<P>) {
    let (mut stream, part) = connected(&stage, async |mut stream: Stream<P>| {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("host a ends in order");
        stream.write_all(b"still here").await.expect("only the other direction is closed");
        stream.shutdown().await.expect("the stream is open");
        bytes
    })
    .await;
    stream.write_all(b"that is all").await.expect("host b reads");
    stream.shutdown().await.expect("the stream is open");
    assert_eq!(read_all::<P>(stream).await, b"still here");
    assert_eq!(part.end().await, b"that is all");
}

/// Writing after a shutdown fails with `BrokenPipe`.
pub async fn writing_after_a_shutdown_fails<P: Providers>(stage: Stage<P>) {
    let (mut near, _far, _listener) = both_ends(&stage).await;
    near.shutdown().await.expect("the stream is open");
    let error = near.write(b"x").await.expect_err("this direction is closed");
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

/// Shutting a stream down again is no error.
pub async fn shutting_down_again_is_no_error<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    near.shutdown().await.expect("the stream is open");
    near.shutdown().await.expect("it is shut down already");
    far.shutdown().await.expect("the stream is open");
    // By then nothing is connected any more.
    stage.a.world.sleep(Duration::from_millis(20)).await;
    near.shutdown().await.expect("it is shut down already");
}

/// Dropping a stream lets the peer read the end.
pub async fn a_dropped_stream_ends_the_peers_reading<P: Providers>(stage: Stage<P>) {
    let (stream, part) = connected(&stage, read_all::<P>).await;
    drop(stream);
    assert_eq!(part.end().await, b"");
}

/// What was written before a stream was dropped still arrives.
pub async fn what_was_written_before_a_drop_arrives<P: Providers>(stage: Stage<P>) {
    let bytes = pattern(10_000);
    let (mut stream, part) = connected(&stage, async |mut stream: Stream<P>| {
        let mut bytes = vec![0; 10_000];
        stream.read_exact(&mut bytes).await.map(|_| bytes)
    })
    .await;
    stream.write_all(&bytes).await.expect("host b reads");
    drop(stream);
    assert!(part.end().await.expect("all of it arrives") == bytes);
}

/// At the end of a stream every read says so.
pub async fn the_end_of_a_stream_stays_the_end<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    far.shutdown().await.expect("the stream is open");
    for _ in 0..3 {
        assert_eq!(near.read(&mut [0; 8]).await.expect("the peer ended in order"), 0);
    }
}

/// Dropping a stream with unread bytes resets the connection.
pub async fn dropping_unread_bytes_resets_the_peer<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    near.write_all(b"two").await.expect("the stream is open");
    far.read_exact(&mut [0; 1]).await.expect("three bytes were sent");
    drop(far);
    let error = near.read(&mut [0; 8]).await.expect_err("two bytes were thrown away");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// A reset is told once: reads that follow find the end.
pub async fn a_reset_is_told_once<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    near.write_all(b"two").await.expect("the stream is open");
    far.read_exact(&mut [0; 1]).await.expect("three bytes were sent");
    drop(far);
    assert!(matches!(near.read(&mut [0; 8]).await, Ok(0) | Err(_)), "no byte was sent");
    for _ in 0..2 {
        assert_eq!(near.read(&mut [0; 8]).await.expect("it was told"), 0);
    }
}

/// Writing to a peer that is gone fails in the end.
pub async fn writing_to_a_peer_that_is_gone_fails_in_the_end<P: Providers>(stage: Stage<P>) {
    let (mut near, far, _listener) = both_ends(&stage).await;
    drop(far);
    let mut failure = None;
    for _ in 0..1_000 {
        if let Err(error) = near.write_all(&[0; 1_000]).await {
            failure = Some(error.kind());
            break;
        }
        stage.a.world.sleep(Duration::from_millis(1)).await;
    }
    assert!(matches!(failure, Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)), "{failure:?}");
}

/// A writer whose peer does not read is held back, and nothing is lost by it.
pub async fn a_writer_far_ahead_of_its_reader_is_held_back<P: Providers>(stage: Stage<P>) {
    let (go, gone) = oneshot::channel::<()>();
    let (mut stream, part) = connected(&stage, async move |stream: Stream<P>| {
        gone.await.expect("host a says when");
        read_all::<P>(stream).await.len()
    })
    .await;
    let piece = vec![7; 64 * 1024];
    let mut sent = 0;
    // 200 ms without room for a byte: whoever buffers, buffers no more.
    while let Ok(count) = stage.a.world.timeout(Duration::from_millis(200), stream.write(&piece)).await {
        sent += count.expect("host b holds its end open");
        assert!(sent < 64 << 20, "64 MiB are on their way to a reader that does not read");
    }
    go.send(()).expect("host b waits");
    stream.shutdown().await.expect("the stream is open");
    assert_eq!(part.end().await, sent);
}

/// Both ends of a stream agree on both addresses, and `accept` says the same.
pub async fn both_ends_agree_on_their_addresses<P: Providers>(stage: Stage<P>) {
    let (to, part) = listening(&stage, async |listener: Listener<P>| {
        let (stream, peer) = listener.accept().await.expect("somebody connects");
        assert_eq!(stream.peer_addr().expect("it is connected"), peer);
        (stream.local_addr().expect("it is connected"), peer)
    })
    .await;
    let stream = stage.a.world.connect(to).await.expect("host b listens");
    let (local, peer) = (stream.local_addr(), stream.peer_addr());
    let (far_local, far_peer) = part.end().await;
    assert_eq!(peer.expect("it is connected"), to);
    assert_eq!(far_local, to);
    assert_eq!(local.expect("it is connected"), far_peer);
    // Linux connects to every address of 127.0.0.0/8 from 127.0.0.1.
    assert!(far_peer.ip() == stage.a.address || far_peer.ip().is_loopback());
}

/// A stream that both ends have closed has no peer any more: `NotConnected`.
pub async fn a_stream_that_both_ends_closed_has_no_peer<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    near.shutdown().await.expect("the stream is open");
    far.shutdown().await.expect("the stream is open");
    // By then both know.
    stage.a.world.sleep(Duration::from_millis(20)).await;
    for end in [&near, &far] {
        assert_eq!(end.peer_addr().expect_err("nothing is connected").kind(), ErrorKind::NotConnected);
        end.local_addr().expect("the socket is there");
    }
}

/// A stream that was reset has no peer any more: `NotConnected`.
pub async fn a_stream_that_was_reset_has_no_peer<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    near.write_all(b"two").await.expect("the stream is open");
    far.read_exact(&mut [0; 1]).await.expect("three bytes were sent");
    drop(far);
    // That a reset comes is another contract's.
    if near.read(&mut [0; 8]).await.is_err() {
        assert_eq!(near.peer_addr().expect_err("nothing is connected").kind(), ErrorKind::NotConnected);
        near.local_addr().expect("the socket is there");
    }
}

/// A write of several slices is one write of what they hold together.
pub async fn several_slices_are_one_write<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    assert!(near.is_write_vectored());
    let slices = [&b"head"[..], b"", b"body"].map(IoSlice::new);
    assert_eq!(near.write_vectored(&slices).await.expect("the stream has room"), 8);
    let mut bytes = [0; 8];
    far.read_exact(&mut bytes).await.expect("eight bytes were sent");
    assert_eq!(&bytes, b"headbody");
    let (_, mut half) = near.into_split();
    assert!(half.is_write_vectored());
    assert_eq!(half.write_vectored(&slices).await.expect("the stream has room"), 8);
    far.read_exact(&mut bytes).await.expect("eight more were sent");
    assert_eq!(&bytes, b"headbody");
}

/// A read into no room waits for bytes as any other does, and takes none.
pub async fn a_read_into_no_room_waits_and_takes_nothing<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    let early = stage.a.world.timeout(Duration::from_millis(20), far.read(&mut [])).await;
    assert!(early.is_err(), "it did not wait: {early:?}");
    near.write_all(b"x").await.expect("the stream has room");
    let ready = stage.a.world.timeout(Duration::from_secs(5), far.read(&mut [])).await;
    assert_eq!(ready.expect("a byte came").expect("the stream is open"), 0);
    assert_eq!(far.read_u8().await.expect("nobody took it"), b'x');
}

/// A read whose future is dropped loses no bytes.
pub async fn a_read_that_is_given_up_loses_no_bytes<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, _listener) = both_ends(&stage).await;
    let mut buffer = [0; 5];
    give_up(far.read(&mut buffer));
    near.write_all(b"bytes").await.expect("the stream has room");
    // By then they are there.
    stage.a.world.sleep(Duration::from_millis(20)).await;
    far.read_exact(&mut buffer).await.expect("five bytes were sent");
    assert_eq!(&buffer, b"bytes");
}

/// An accepted stream outlives its listener.
pub async fn a_stream_outlives_its_listener<P: Providers>(stage: Stage<P>) {
    let (mut near, mut far, listener) = both_ends(&stage).await;
    drop(listener);
    near.write_all(b"alone").await.expect("the listener is gone, the stream is not");
    let mut bytes = [0; 5];
    far.read_exact(&mut bytes).await.expect("five bytes were sent");
    assert_eq!(&bytes, b"alone");
}

/// Dropping the writing half ends the peer's reading and no more.
pub async fn a_dropped_write_half_ends_the_peers_reading<P: Providers>(stage: Stage<P>) {
    let (near, mut far, _listener) = both_ends(&stage).await;
    let (mut read, mut write) = near.into_split();
    write.write_all(b"last words").await.expect("the stream has room");
    drop(write);
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).await.expect("the peer ends in order");
    assert_eq!(bytes, b"last words");
    far.write_all(b"heard").await.expect("the other direction is open");
    let mut answer = [0; 5];
    read.read_exact(&mut answer).await.expect("five bytes were sent");
    assert_eq!(&answer, b"heard");
}

/// Dropping both halves, the writing one last, ends the peer's reading, whatever was unread.
pub async fn halves_end_before_they_reset<P: Providers>(stage: Stage<P>) {
    let (mut near, far, _listener) = both_ends(&stage).await;
    near.write_all(b"unread").await.expect("the stream has room");
    // By then it is there.
    stage.a.world.sleep(Duration::from_millis(20)).await;
    let (read, write) = far.into_split();
    drop(read);
    drop(write);
    // By then the reset is there too.
    stage.a.world.sleep(Duration::from_millis(20)).await;
    assert_eq!(near.read(&mut [0; 8]).await.expect("the end came before the reset"), 0);
}
