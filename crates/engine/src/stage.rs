//! What is behind a task's pointer: its future, and then its result. What the engine knows
//! of the task is next door, in `task.rs`.
//!
//! Types are found out by comparing addresses: `dyn Any` tells its own by a call, through
//! memory, and a task that is spawned and joined would wait for two of them.
//!
//! Why it is sound. A [`Kind`] is compared by what it says, which is a `TypeId`; an equal
//! address is only the fast way to know, since two constants that differ never share one.
//! A [`Slot`] takes its kind and its pointer from one reference; a [`Runnable`] says its
//! own kind where its type is known. A stage that is overwritten without being dropped is
//! spent: the pinned future has been dropped before, and nothing else needs to be.

#![expect(unsafe_code, reason = "types that were erased are given back; each use says why it is sound")]

use pin_project_lite::pin_project;
use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

/// A type.
pub(crate) struct Kind(TypeId);

impl Kind {
    /// That of `T`.
    #[inline(always)]
    fn of<T: 'static>() -> &'static Kind {
        const { &Kind(TypeId::of::<T>()) }
    }

    #[inline(always)]
    fn is(&'static self, other: &'static Kind) -> bool {
        ptr::eq(self, other) || self.0 == other.0
    }
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
    fn get<T: 'static>(self) -> Option<&'a mut T> {
        // SAFETY: it was made of a reference to a `T`, which is lent as long as this is.
        self.kind.is(Kind::of::<T>()).then(|| unsafe { self.place.cast::<T>().as_mut() })
    }
}

/// A future with its result, behind one pointer.
///
/// What is behind it is used again: programs spawn the same few kinds of task over and over,
/// and to allocate and free memory for each would be an eighth of what a task costs.
///
/// # Safety
/// [`kind`](Self::kind) is `Kind::of::<Self>()`.
pub(crate) unsafe trait Runnable {
    /// Of what type it is.
    fn kind(&self) -> &'static Kind;

    /// Polls the future; true once it has its result.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool;

    /// Moves the result into a place, if that is for an `Option` of it.
    fn put_output(self: Pin<&mut Self>, place: Slot<'_>);

    /// Whether it has ended, and dropping what is left of it runs nobody's code.
    fn is_spent(&self) -> bool;
}

pub(crate) type BoxRunnable = Pin<Box<dyn Runnable>>;

pin_project! {
    #[project = StageProjection]
    enum Stage<F, T> {
        Running { #[pin] future: F },
        Done { output: Option<T> },
    }
}

/// A future as a task has it: in the place of one that has ended, if that was of its type.
#[inline]
pub(crate) fn boxed<F: Future<Output: 'static> + 'static>(spare: Option<BoxRunnable>, future: F) -> BoxRunnable {
    let mut stage = match spare.and_then(downcast::<Stage<F, F::Output>>) {
        Some(stage) if stage.is_spent() => stage,
        _ => Stage::vacant(),
    };
    // Written where it stays, and once: a future may be large, and one that is small would be put
    // together by its fields and copied by its words, for which the processor has to wait.
    // SAFETY: the stage is spent. Nothing is pinned in it, and nothing in it need be dropped.
    unsafe { ptr::write(stage.as_mut().get_unchecked_mut(), Stage::Running { future }) };
    stage
}

/// The same box as what it is, if that is a `T`.
#[inline]
fn downcast<T: 'static>(boxed: BoxRunnable) -> Option<Pin<Box<T>>> {
    if !boxed.kind().is(Kind::of::<T>()) {
        return None;
    }
    // SAFETY: nothing is moved out of the box, which is pinned again at once.
    let pointer = Box::into_raw(unsafe { Pin::into_inner_unchecked(boxed) });
    // SAFETY: it came out of a box, of what it says that it is.
    Some(Box::into_pin(unsafe { Box::from_raw(pointer.cast::<T>()) }))
}

impl<F, T> Stage<F, T> {
    /// A new one, with nothing in it yet.
    #[cold]
    #[inline(never)]
    fn vacant() -> Pin<Box<Stage<F, T>>> {
        Box::pin(Stage::Done { output: None })
    }
}

// SAFETY: its kind is that of its own type.
unsafe impl<F: Future<Output = T> + 'static, T: 'static> Runnable for Stage<F, T> {
    fn kind(&self) -> &'static Kind {
        Kind::of::<Stage<F, T>>()
    }

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let output = match self.as_mut().project() {
            StageProjection::Running { future } => match future.poll(cx) {
                Poll::Ready(output) => output,
                Poll::Pending => return false,
            },
            StageProjection::Done { .. } => return true,
        };
        self.set(Stage::Done { output: Some(output) });
        true
    }

    fn put_output(self: Pin<&mut Self>, place: Slot<'_>) {
        if let (StageProjection::Done { output }, Some(place)) = (self.project(), place.get::<Option<T>>()) {
            *place = output.take();
        }
    }

    #[inline]
    fn is_spent(&self) -> bool {
        match self {
            Stage::Running { .. } => false,
            Stage::Done { output } => output.is_none() || !std::mem::needs_drop::<T>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use std::task::Waker;

    /// Polls what ends at once; its result is put into `place`.
    fn end<T: 'static>(stage: &mut BoxRunnable, place: &mut T) {
        assert!(stage.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        stage.as_mut().put_output(Slot::of(place));
    }

    fn address(stage: &BoxRunnable) -> *const () {
        ptr::from_ref(&**stage).cast()
    }

    #[test]
    fn what_has_ended_gives_its_place_to_its_own_kind_only() {
        let kind = |number: u32| async move { number };
        let mut first = boxed(None, kind(1));
        let place = address(&first);
        let mut output = None::<u32>;
        end(&mut first, &mut output);
        assert_eq!(output, Some(1));
        let mut second = boxed(Some(first), kind(2));
        assert_eq!(address(&second), place);
        end(&mut second, &mut output);
        assert_eq!(output, Some(2));
        let mut another = boxed(Some(second), async { String::from("of another kind") });
        let mut words = None::<String>;
        end(&mut another, &mut words);
        assert_eq!(words.as_deref(), Some("of another kind"));
    }

    #[test]
    fn what_a_future_holds_is_dropped_once() {
        let counted = Rc::new(());
        let kind = |held: Rc<()>| async move { Rc::strong_count(&held) };
        let mut stage = boxed(None, kind(counted.clone()));
        let mut output = None::<usize>;
        end(&mut stage, &mut output);
        assert_eq!((output, Rc::strong_count(&counted)), (Some(2), 1));
        let stage = boxed(Some(stage), kind(counted.clone()));
        assert_eq!(Rc::strong_count(&counted), 2);
        drop(stage);
        assert_eq!(Rc::strong_count(&counted), 1);
    }

    #[test]
    fn what_has_not_ended_is_dropped_and_gives_no_place() {
        let counted = Rc::new(());
        let kind = |held: Rc<()>| async move {
            std::future::pending::<()>().await;
            drop(held);
        };
        let waiting = boxed(None, kind(counted.clone()));
        let next = boxed(Some(waiting), kind(counted.clone()));
        assert_eq!(Rc::strong_count(&counted), 2, "the first was dropped");
        drop(next);
        assert_eq!(Rc::strong_count(&counted), 1);
    }

    #[test]
    fn a_result_goes_only_where_its_type_is_asked_for() {
        let mut stage = boxed(None, async { 7_u64 });
        let (mut signed, mut bare, mut right) = (None::<i64>, 0_u64, None::<u64>);
        end(&mut stage, &mut signed);
        end(&mut stage, &mut bare);
        assert_eq!((signed, bare), (None, 0));
        end(&mut stage, &mut right);
        assert_eq!(right, Some(7));
    }
}
