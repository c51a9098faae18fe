//! Step 2: a sync for each entry.

use super::Log;
use super::naive::read;
use std::io;
use wavetank_core::{File, OpenOptions, Providers, StorageFile};

pub(crate) struct Synced<P: Providers> {
    file: File<P>,
    end: u64,
}

impl<P: Providers> Log<P> for Synced<P> {
    async fn open(world: &P) -> io::Result<(Self, Vec<String>)> {
        let file = world.open("log", OpenOptions::create_write()).await?;
        let bytes = read::<P>(&file).await?;
        let entries = String::from_utf8_lossy(&bytes).lines().map(str::to_string).collect();
        Ok((Synced { file, end: bytes.len() as u64 }, entries))
    }

    async fn append(&mut self, entry: &str) -> io::Result<()> {
        let line = format!("{entry}\n");
        self.file.write_all_at(line.as_bytes(), self.end).await?;
        self.file.sync_all().await?;
        self.end += line.len() as u64;
        Ok(())
    }
}
