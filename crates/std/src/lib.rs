#![doc = include_str!("../README.md")]

mod file_system;

pub use file_system::{StdFile, StdFileSystem};
