//! Step 5: what was read is synced before it is shown.

use super::naive::read;
use super::{Log, record};
use std::io;
use wavetank_core::{File, OpenOptions, Providers, StorageFile, StorageProvider};

pub(crate) struct Kept<P: Providers> {
    file: File<P>,
    end: u64,
}

impl<P: Providers> Log<P> for Kept<P> {
    async fn open(world: &P) -> io::Result<(Self, Vec<String>)> {
        let file = world.open("log", OpenOptions::create_write()).await?;
        world.storage().sync_dir("").await?;
        let (entries, end) = record::read(&read::<P>(&file).await?);
        file.set_len(end as u64).await?;
        file.sync_all().await?;
        Ok((Kept { file, end: end as u64 }, entries))
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
