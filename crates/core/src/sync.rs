#![doc = include_str!("../../../docs/sync.md")]
