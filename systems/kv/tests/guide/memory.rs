//! Step 1: a store in memory.

use super::small_kv::Store;
use std::collections::BTreeMap;
use std::io;
use wavetank_core::Providers;

#[derive(Default)]
pub(crate) struct Memory(BTreeMap<String, String>);

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
