//! Step 1: lines in a file.

use super::Log;
use std::io;
use wavetank_core::{File, OpenOptions, Providers, StorageFile};

pub(crate) struct Naive<P: Providers> {
    file: File<P>,
    end: u64,
}

impl<P: Providers> Log<P> for Naive<P> {
    async fn open(world: &P) -> io::Result<(Self, Vec<String>)> {
        let file = world.open("log", OpenOptions::create_write()).await?;
        let bytes = read::<P>(&file).await?;
        let entries = String::from_utf8_lossy(&bytes).lines().map(str::to_string).collect();
        Ok((Naive { file, end: bytes.len() as u64 }, entries))
    }

    async fn append(&mut self, entry: &str) -> io::Result<()> {
        let line = format!("{entry}\n");
        self.file.write_all_at(line.as_bytes(), self.end).await?;
        self.end += line.len() as u64;
        Ok(())
    }
}

pub(crate) async fn read<P: Providers>(file: &File<P>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; file.size().await? as usize];
    file.read_exact_at(&mut bytes, 0).await?;
    Ok(bytes)
}
