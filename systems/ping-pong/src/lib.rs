#![doc = include_str!("../README.md")]
//!
//! In reading order: [`Ping`] and [`Pong`] are what is said; [`FrameReader`] and
//! [`frame`](frame()) cut a byte stream into messages; [`Server`] accepts, [`answer`] replies;
//! [`Client`] asks, and asks again. Nothing here knows whether the world is real.

mod backoff;
mod bug;
mod client;
mod frame;
mod message;
mod server;

pub use backoff::Backoff;
pub use bug::Bug;
pub use client::{Client, ClientOptions, ClientStats, RequestError};
pub use frame::{FRAME_BYTES_MOST, Frame, FrameReader, frame};
pub use message::{Ping, Pong};
pub use server::{Responder, Server, answer};
