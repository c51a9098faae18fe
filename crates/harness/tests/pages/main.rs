//! The pages under docs that are held against the program: the faults, and the promises
//! with the tests that show them.

mod faults;
mod named;
mod promises;
