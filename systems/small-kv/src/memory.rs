//! A store in memory. It keeps nothing over a restart.

use super::Store;
use std::collections::BTreeMap;
use std::io;
use wavetank_core::Providers;

/// A map.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<String, String>);

impl<P: Providers> Store<P> for Memory {
    async fn open(_: &P) -> io::Result<Self> {
        Ok(Memory::default())
    }

    async fn put(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.0.insert(key.to_string(), value.to_string());
        Ok(())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}
