//! The pages under docs that are held against the program: the faults, the stories, and the promises
//! with the tests that show them.

#![expect(clippy::disallowed_methods, reason = "it reads the pages and the sources")]

mod bans;
mod faults;
mod named;
mod promises;
mod stories;
