//! The program that is killed, which uses every provider and notes each step, and its peer.

use super::{PORT, Steps, program_address};
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use wavetank_core::{
    EntropyProvider, JoinHandle, NetworkProvider, OpenOptions, Providers, RandomProvider, StorageFile, StorageProvider,
    TaskProvider, TcpListener, TcpStream, TimeProvider, UdpSocket, select, watch,
};
use wavetank_harness::SimProviders;

const ECHO: u16 = 7;

/// Everything that a provider can make a program wait for, a step each.
pub(crate) async fn program(world: SimProviders, steps: Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    let listener = world.bind((Ipv4Addr::UNSPECIFIED, PORT).into()).await?;
    pass("bind");
    let serving = serve(&world, listener, steps.clone());
    talk(&world, &steps).await?;
    keep_time(&world, &steps).await?;
    run_tasks(&world, &steps).await;
    keep_files(&world, &steps).await?;
    choose(&world, &steps).await;
    serving.await.expect("the acceptor neither panics nor is aborted")?;
    pass("end");
    Ok(())
}

/// Accepts until somebody says goodbye.
fn serve(
    world: &SimProviders,
    listener: wavetank_core::Listener<SimProviders>,
    steps: Steps,
) -> wavetank_engine::SimJoinHandle<io::Result<()>> {
    let pass = move |step| steps.borrow_mut().push(step);
    world.task().spawn_local(async move {
        loop {
            let (mut stream, _) = listener.accept().await?;
            pass("accept");
            let mut word = [0; 4];
            // Who only looks whether somebody listens says nothing.
            if stream.read_exact(&mut word).await.is_err() {
                continue;
            }
            pass("read");
            stream.write_all(&word).await?;
            pass("write");
            stream.shutdown().await?;
            pass("shutdown");
            return Ok(());
        }
    })
}

async fn talk(world: &SimProviders, steps: &Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    let echo = world.network().lookup("peer:7").await?[0];
    pass("lookup");
    let stream = world.connect(echo).await?;
    pass("connect");
    let (mut read, mut write) = stream.into_split();
    // More than a send buffer and a window: the writer waits for the reader.
    let flood = vec![5; 200_000];
    let sender = world.spawn(async move {
        write.write_all(&flood).await?;
        write.shutdown().await
    });
    let mut echoed = Vec::new();
    read.read_to_end(&mut echoed).await?;
    pass("echo");
    assert_eq!(echoed.len(), 200_000);
    sender.await.expect("it neither panics nor is aborted")?;
    pass("sent");
    let socket = world.bind_udp((Ipv4Addr::UNSPECIFIED, 0).into()).await?;
    pass("bind_udp");
    socket.send_to(b"hello", echo).await?;
    pass("send_to");
    let mut buffer = [0; 16];
    let (len, _) = socket.recv_from(&mut buffer).await?;
    pass("recv_from");
    assert_eq!(&buffer[..len], b"hello");
    Ok(())
}

async fn keep_time(world: &SimProviders, steps: &Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    world.sleep(Duration::from_millis(1)).await;
    pass("sleep");
    world.sleep_until(world.now() + Duration::from_millis(1)).await;
    pass("sleep_until");
    let late = world.timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
    pass("timeout");
    assert!(late.is_err());
    let mut interval = world.interval(Duration::from_millis(1));
    for step in ["first tick", "second tick"] {
        interval.tick().await;
        pass(step);
    }
    let _ = (world.time().wall(), world.random().next_u64());
    let mut key = [0; 32];
    world.entropy().fill(&mut key)
}

async fn run_tasks(world: &SimProviders, steps: &Steps) {
    let pass = |step| steps.borrow_mut().push(step);
    let child = world.spawn({
        let world = world.clone();
        async move {
            world.sleep(Duration::from_micros(10)).await;
            1
        }
    });
    assert_eq!(child.await.expect("it returns"), 1);
    pass("join");
    world.task().yield_now().await;
    pass("yield_now");
    let local = world.task().spawn_local({
        let (world, shared) = (world.clone(), Rc::new(2));
        async move {
            world.sleep(Duration::from_micros(10)).await;
            *shared
        }
    });
    assert_eq!(local.await.expect("it returns"), 2);
    pass("join local");
    assert_eq!(world.task().spawn_blocking(|| 3).await.expect("it returns"), 3);
    pass("join blocking");
    let endless = world.spawn(std::future::pending::<()>());
    world.sleep(Duration::from_micros(10)).await;
    pass("let it wait");
    endless.abort();
    assert!(endless.await.is_err());
    pass("join aborted");
}

/// Whatever an earlier incarnation left, or a crash left of it.
async fn keep_files(world: &SimProviders, steps: &Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    let disk = world.storage();
    disk.create_dir_all("a/b").await?;
    pass("create_dir_all");
    let mut file = disk.open("a/new", OpenOptions::create_write().truncate(true)).await?;
    pass("open");
    file.write_all(&[9; 10_000]).await?;
    pass("write file");
    file.write_all_at(&[8; 100], 50).await?;
    pass("write_at");
    file.sync_data().await?;
    pass("sync_data");
    file.set_len(9_000).await?;
    pass("set_len");
    file.sync_all().await?;
    pass("sync_all");
    file.seek(io::SeekFrom::Start(40)).await?;
    pass("seek");
    let mut bytes = [0; 20];
    file.read_exact(&mut bytes).await?;
    pass("read file");
    assert_eq!(bytes, [[9; 10], [8; 10]].concat()[..]);
    file.read_exact_at(&mut bytes, 8_980).await?;
    pass("read_at");
    assert_eq!(file.size().await?, 9_000);
    pass("size");
    drop(file);
    disk.rename("a/new", "a/kept").await?;
    pass("rename");
    disk.sync_dir("a").await?;
    pass("sync_dir");
    assert!(disk.read_dir("a").await?.iter().any(|entry| entry.path.ends_with("kept")));
    pass("read_dir");
    assert!(disk.exists("a/kept").await?);
    pass("exists");
    disk.delete("a/kept").await?;
    pass("delete");
    disk.remove_dir("a/b").await?;
    pass("remove_dir");
    Ok(())
}

async fn choose(world: &SimProviders, steps: &Steps) {
    let pass = |step| steps.borrow_mut().push(step);
    let (sender, mut receiver) = watch::channel(0);
    let publisher = world.spawn({
        let world = world.clone();
        async move {
            world.sleep(Duration::from_millis(1)).await;
            // Nobody may be left to hear it.
            let _ = sender.send(1);
        }
    });
    select! {
        changed = receiver.changed() => changed.expect("the sender lives"),
        () = world.sleep(Duration::from_secs(1)) => unreachable!("a millisecond is shorter"),
    }
    pass("select and watch");
    publisher.await.expect("it returns");
    pass("join publisher");
}

/// Echoes over TCP and UDP, and calls the program until it answers.
pub(crate) async fn peer(world: SimProviders) -> io::Result<()> {
    let listener = world.bind((Ipv4Addr::UNSPECIFIED, ECHO).into()).await?;
    let socket = world.bind_udp((Ipv4Addr::UNSPECIFIED, ECHO).into()).await?;
    world.spawn(async move {
        let mut buffer = [0; 100];
        loop {
            // A program that died may make a send fail.
            if let Ok((len, from)) = socket.recv_from(&mut buffer).await {
                let _ = socket.send_to(&buffer[..len], from).await;
            }
        }
    });
    world.spawn({
        let world = world.clone();
        async move {
            loop {
                let _ = greet(&world).await;
                world.sleep(Duration::from_millis(20)).await;
            }
        }
    });
    loop {
        let (stream, _) = listener.accept().await?;
        world.spawn(async move {
            let (mut read, mut write) = stream.into_split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
            let _ = write.shutdown().await;
        });
    }
}

async fn greet(world: &SimProviders) -> io::Result<()> {
    let mut stream = world.connect(program_address()).await?;
    stream.write_all(b"ping").await?;
    let mut pong = [0; 4];
    stream.read_exact(&mut pong).await?;
    stream.read_exact(&mut pong).await.map(drop)
}
