//! The value that `publish!` hands over: any type that can be printed and owned. It
//! is no serialized form, so that product code pays for no serializer.
//!
//! A reader downcasts to the type it expects. Code that already depends on
//! `serde_json` publishes a `serde_json::Value`, and a reader that wants JSON
//! downcasts to that and takes the `Debug` text of everything else.

use std::any::Any;
use std::fmt::Debug;

/// A published value; implemented by every owned type with `Debug`.
///
/// ```
/// use std::any::Any;
/// use wavetank_probe::Published;
///
/// let value: Box<dyn Published> = Box::new(42_u64);
/// assert_eq!(format!("{value:?}"), "42");
/// let value: Box<dyn Any> = value;
/// assert_eq!(*value.downcast::<u64>().expect("it was published as u64"), 42);
/// ```
pub trait Published: Any + Debug {}

impl<T: Any + Debug> Published for T {}
