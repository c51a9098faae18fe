//! This workspace's own commands.
fn main() {}
