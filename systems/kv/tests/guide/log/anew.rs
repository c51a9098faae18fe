//! Step 6: what was read is written anew.

use super::naive::read;
use super::{Log, record};
use std::io;
use wavetank_core::{File, OpenOptions, Providers, StorageFile, StorageProvider};

pub(crate) struct Anew<P: Providers> {
    file: File<P>,
    end: u64,
}

impl<P: Providers> Log<P> for Anew<P> {
    async fn open(world: &P) -> io::Result<(Self, Vec<String>)> {
        let old = world.open("log", OpenOptions::create_write()).await?;
        let (entries, _) = record::read(&read::<P>(&old).await?);
        let mut bytes = Vec::new();
        for entry in &entries {
            record::write(&mut bytes, entry);
        }
        let file = world.open("log.new", OpenOptions::create_write().truncate(true)).await?;
        file.write_all_at(&bytes, 0).await?;
        file.sync_all().await?;
        world.storage().rename("log.new", "log").await?;
        world.storage().sync_dir("").await?;
        Ok((Anew { file, end: bytes.len() as u64 }, entries))
    }

    async fn append(&mut self, entry: &str) -> io::Result<()> {
        let mut bytes = Vec::new();
        record::write(&mut bytes, entry);
        self.file.write_all_at(&bytes, self.end).await?;
        self.file.sync_all().await?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}
