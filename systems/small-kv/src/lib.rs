#![doc = include_str!("../README.md")]
//! # The crate
//!
//! The service, what it asks of a [`Store`], and how a client [asks](ask). The stores are
//! files beside this one.

mod filed;
mod memory;

pub use filed::Filed;
pub use memory::Memory;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;
use wavetank_core::{Providers, Stream, TcpListener, TcpStream};

/// Keys and values that are there for good once `put` has returned.
pub trait Store<P: Providers>: Sized + Send + 'static {
    /// What is there.
    ///
    /// # Errors
    /// The world's.
    fn open(world: &P) -> impl Future<Output = io::Result<Self>> + Send;
    /// Gives `key` this value.
    ///
    /// # Errors
    /// The world's: it may be there or not.
    fn put(&mut self, key: &str, value: &str) -> impl Future<Output = io::Result<()>> + Send;
    /// The value of `key`, if it has one.
    fn get(&self, key: &str) -> Option<&str>;
}

/// Answers lines, each with one: `put KEY VALUE` and `get KEY`.
///
/// # Errors
/// The listener's, and the store's when it is opened.
pub async fn serve<P: Providers, S: Store<P>>(world: &P, at: SocketAddr) -> io::Result<()> {
    let store = Arc::new(Mutex::new(S::open(world).await?));
    let listener = world.bind(at).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let store = store.clone();
        world.spawn(async move {
            // How a connection ends concerns nobody but its client.
            let _ = attend::<P, S>(stream, &store).await;
        });
    }
}

async fn attend<P: Providers, S: Store<P>>(stream: Stream<P>, store: &Mutex<S>) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split(' ').collect::<Vec<&str>>()[..] {
            ["put", key, value] => {
                store.lock().await.put(key, value).await?;
                "ok\n".to_string()
            }
            ["get", key] => format!("{}\n", store.lock().await.get(key).unwrap_or("0")),
            _ => "what?\n".to_string(),
        };
        writer.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// Asks one line, and gives the answer.
///
/// # Errors
/// The connection's, or none in time. It says nothing of what was done.
pub async fn ask<P: Providers>(world: &P, server: SocketAddr, line: String) -> io::Result<String> {
    let exchange = async {
        let (reader, mut writer) = world.connect(server).await?.into_split();
        writer.write_all(format!("{line}\n").as_bytes()).await?;
        let answer = BufReader::new(reader).lines().next_line().await?;
        answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    };
    world.timeout(Duration::from_secs(1), exchange).await?
}
