//! How large a key, a value and the rest may be. Refusing what is larger is the
//! router's business.

/// The longest key, in bytes of UTF-8.
pub const KEY_BYTES_MOST: usize = 512;
/// The largest value, in bytes.
pub const VALUE_BYTES_MOST: usize = 1 << 20;
/// The longest `Idempotency-Key`, in bytes.
pub const RETRY_KEY_BYTES_MOST: usize = 200;
/// How many of the last writes with an `Idempotency-Key` are remembered.
pub const REPLIES_MOST: usize = 10_000;
/// The keys on one page of a listing, unless asked otherwise.
pub const PAGE_DEFAULT: usize = 100;
/// The most keys on one page of a listing.
pub const PAGE_MOST: usize = 1_000;
