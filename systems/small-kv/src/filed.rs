//! A store in a file, which is written anew for each put.

use super::Store;
use std::collections::BTreeMap;
use std::io;
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider};

/// A map, and the file `values` that says the same.
#[derive(Debug)]
pub struct Filed<P> {
    world: P,
    values: BTreeMap<String, String>,
}

impl<P: Providers> Store<P> for Filed<P> {
    async fn open(world: &P) -> io::Result<Self> {
        let file = world.open("values", OpenOptions::create_write()).await?;
        let mut bytes = vec![0; file.size().await? as usize];
        file.read_exact_at(&mut bytes, 0).await?;
        let text = String::from_utf8_lossy(&bytes);
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        let values = pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let store = Filed { world: world.clone(), values };
        save(world, &store.values).await?;
        Ok(store)
    }

    async fn put(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.values.insert(key.to_string(), value.to_string());
        save(&self.world, &self.values).await
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

async fn save<P: Providers>(world: &P, values: &BTreeMap<String, String>) -> io::Result<()> {
    let text: String = values.iter().map(|(key, value)| format!("{key} {value}\n")).collect();
    let file = world.open("values.new", OpenOptions::create_write().truncate(true)).await?;
    file.write_all_at(text.as_bytes(), 0).await?;
    file.sync_all().await?;
    world.storage().rename("values.new", "values").await?;
    world.storage().sync_dir("").await
}
