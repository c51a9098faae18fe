//! What an erased pointer points to, found out without asking it twice: `dyn Any` tells its
//! type by a call, through memory, and a task that is spawned and joined would wait for two.
//!
//! Why it is sound. A [`Kind`] is compared by what it says, which is a `TypeId`; an equal
//! address is only the fast way to know, since two constants that differ never share one.
//! A [`Slot`] takes its kind and its pointer from one reference; a [`Kinded`] value is asked
//! for its kind where its type is known, and the trait that asks is unsafe to implement.

#![expect(unsafe_code, reason = "a type that was erased is given back; each use says why it is sound")]

use std::any::TypeId;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::{self, NonNull};

/// A type.
pub(crate) struct Kind(TypeId);

impl Kind {
    /// That of `T`.
    #[inline(always)]
    pub(crate) fn of<T: 'static>() -> &'static Kind {
        const { &Kind(TypeId::of::<T>()) }
    }

    #[inline(always)]
    fn is(&'static self, other: &'static Kind) -> bool {
        ptr::eq(self, other) || self.0 == other.0
    }
}

/// A value that says of what kind it is, behind a `dyn` of another trait.
///
/// # Safety
/// [`kind`](Self::kind) is `Kind::of::<Self>()`.
pub(crate) unsafe trait Kinded {
    /// Of what kind it is.
    fn kind(&self) -> &'static Kind;
}

// SAFETY: it is what the trait asks for.
unsafe impl<T: 'static> Kinded for T {
    #[inline]
    fn kind(&self) -> &'static Kind {
        Kind::of::<T>()
    }
}

/// The same box as what it is, if that is a `T`.
#[inline]
pub(crate) fn downcast<T: 'static, D: Kinded + ?Sized>(boxed: Pin<Box<D>>) -> Option<Pin<Box<T>>> {
    if !D::kind(&boxed).is(Kind::of::<T>()) {
        return None;
    }
    // SAFETY: nothing is moved out of the box, which is pinned again at once.
    let pointer = Box::into_raw(unsafe { Pin::into_inner_unchecked(boxed) });
    // SAFETY: it came out of a box, of what it says that it is.
    Some(Box::into_pin(unsafe { Box::from_raw(pointer.cast::<T>()) }))
}

/// A place for a value, handed to somebody who knows its type.
pub(crate) struct Slot<'a> {
    kind: &'static Kind,
    place: NonNull<()>,
    lent: PhantomData<&'a mut ()>,
}

impl<'a> Slot<'a> {
    /// A place.
    #[inline]
    pub(crate) fn of<T: 'static>(place: &'a mut T) -> Slot<'a> {
        Slot { kind: Kind::of::<T>(), place: NonNull::from(place).cast(), lent: PhantomData }
    }

    /// The place, if it is for a `T`.
    #[inline]
    pub(crate) fn get<T: 'static>(self) -> Option<&'a mut T> {
        // SAFETY: it was made of a reference to a `T`, which is lent as long as this is.
        self.kind.is(Kind::of::<T>()).then(|| unsafe { self.place.cast::<T>().as_mut() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    trait Animal: Kinded {}

    impl<T: 'static> Animal for T {}

    #[test]
    fn a_box_is_given_back_as_what_it_is_and_as_nothing_else() {
        let boxed = || -> Pin<Box<dyn Animal>> { Box::pin(String::from("a cat")) };
        assert_eq!(downcast::<String, _>(boxed()).as_deref().map(String::as_str), Some("a cat"));
        assert!(downcast::<Vec<u8>, _>(boxed()).is_none());
        assert!(downcast::<Box<String>, _>(boxed()).is_none());
    }

    #[test]
    fn a_place_is_given_to_who_knows_its_type() {
        let mut place = None::<u64>;
        assert!(Slot::of(&mut place).get::<Option<i64>>().is_none());
        assert!(Slot::of(&mut place).get::<u64>().is_none());
        *Slot::of(&mut place).get::<Option<u64>>().expect("it is one") = Some(7);
        assert_eq!(place, Some(7));
    }
}
