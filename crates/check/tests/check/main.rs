//! The checker from outside: by hand, against one that tries everything, and what it costs.

mod brute_force;
mod by_hand;
mod cost;
mod intervals;
mod models;
mod random;
mod tables;
mod versions;
