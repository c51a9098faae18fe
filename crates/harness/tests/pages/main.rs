//! The pages under docs that are held against the program: the faults, the stories, and the promises
//! with the tests that show them.

mod faults;
mod named;
mod promises;
mod stories;
