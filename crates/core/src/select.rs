//! Waiting for the first of several futures, and the hook by which a simulator
//! decides which of them is polled first. Owns no randomness: without a hook the
//! first branch rotates.

use std::cell::Cell;

/// Decides which branch a [`select!`](crate::select!) polls first: gets the number
/// of branches (two or more) and returns one of `0..branches`.
pub type Chooser = fn(branches: u32) -> u32;

thread_local! {
    static CHOOSER: Cell<Option<Chooser>> = const { Cell::new(None) };
    static ROTOR: Cell<u32> = const { Cell::new(0) };
}

/// Installs this thread's chooser, or takes it out with `None`, and returns the
/// one that was there.
///
/// For simulators: a run installs its chooser before it polls the first task and
/// puts the previous one back when it ends, on unwinding too.
#[inline]
pub fn install(chooser: Option<Chooser>) -> Option<Chooser> {
    CHOOSER.replace(chooser)
}

/// The branch to poll first, of `branches`.
fn first_of(branches: u32) -> u32 {
    if branches < 2 {
        return 0;
    }
    if let Some(chooser) = CHOOSER.get() {
        let first = chooser(branches);
        assert!(first < branches, "the chooser picked branch {first} of {branches}");
        return first;
    }
    // A plain counter would starve a branch wherever two `select!`s alternate on one
    // thread: each would see only even or only odd numbers. Steps of 2^32 divided by
    // the golden ratio, of which the high bits are used, spread evenly at any stride.
    let turn = ROTOR.get().wrapping_add(0x9E37_79B9);
    ROTOR.set(turn);
    ((u64::from(turn) * u64::from(branches)) >> 32) as u32
}

/// What a [`select!`](crate::select!) found, as a list in types: the first branch is
/// `This`, the second `Later(This)`, and so on.
#[doc(hidden)]
#[derive(Debug)]
pub enum Chosen<T, Rest> {
    This(T),
    Later(Rest),
}

/// The end of that list: every branch is disabled.
#[doc(hidden)]
#[derive(Debug)]
pub struct AllDisabled;

/// Whose turn it is within a [`select!`](crate::select!).
///
/// A round visits all branches twice in the order they are written in, so that the
/// macro needs no numbers: first those from the chosen one on, then those before it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Turns<const N: usize> {
    enabled: [bool; N],
    first: usize,
    visit: usize,
    pending: bool,
}

#[doc(hidden)]
impl<const N: usize> Turns<N> {
    pub fn new(enabled: [bool; N]) -> Turns<N> {
        Turns { enabled, first: 0, visit: 0, pending: false }
    }

    /// Begins a round at a branch that the chooser names.
    pub fn begin(&mut self) {
        self.begin_biased();
        self.first = first_of(N as u32) as usize;
    }

    /// Begins a round at the first branch.
    pub fn begin_biased(&mut self) {
        (self.visit, self.pending) = (0, false);
    }

    /// Visits the next branch: whether it is to be polled now.
    pub fn visit(&mut self) -> bool {
        let (round, branch) = (self.visit / N, self.visit % N);
        self.visit += 1;
        self.enabled[branch] && (branch >= self.first) == (round == 0)
    }

    /// The branch just visited is not ready yet.
    pub fn pending(&mut self) {
        self.pending = true;
    }

    /// The branch just visited is ready and must not be polled again.
    pub fn finished(&mut self) {
        self.enabled[(self.visit - 1) % N] = false;
    }

    /// Whether a branch can still become ready.
    pub fn any_pending(&self) -> bool {
        self.pending
    }
}

/// Waits for the first of several futures and runs its branch; the other futures
/// are dropped before that.
///
/// The grammar is that of tokio's macro of the same name, so that code can switch by
/// changing one import:
///
/// ```text
/// select! {
///     biased;                                         // optional
///     PATTERN = FUTURE [, if CONDITION] => BODY,      // one or more
///     else => BODY                                    // optional
/// }
/// ```
///
/// - All conditions are evaluated first, then all future expressions, whether or not
///   their branch is enabled. All futures run in the calling task.
/// - A branch whose future's output does not match its pattern is disabled. When all
///   branches are disabled the `else` body runs.
/// - Bodies run where the macro stands: `?`, `break`, `return` and `.await` work, and
///   they may borrow what the futures had borrowed.
/// - With `biased;` the branches are polled in the order they are written in. Without
///   it, the branch that is polled first changes: in the tank it is a decision of the
///   run, and part of its digest; in production it rotates (see
///   [`select`](mod@crate::select)). This is why to prefer it to tokio's macro, whose
///   choice comes from ambient randomness that no seed reproduces.
///
/// Up to 64 branches work at the default recursion limit.
///
/// # Panics
/// If all branches are disabled and there is no `else`.
///
/// ```
/// use std::time::Duration;
/// use wavetank_core::{Providers, select};
///
/// /// The later of two signs of life, or `None` after a second of silence.
/// async fn listen<P: Providers>(
///     world: P,
///     mut beat: impl AsyncFnMut() -> Option<u32>,
///     mut log: impl AsyncFnMut() -> Option<u32>,
/// ) -> Option<u32> {
///     let mut last = None;
///     loop {
///         select! {
///             Some(seen) = beat() => last = Some(seen),
///             Some(seen) = log(), if last.is_some() => last = last.max(Some(seen)),
///             () = world.sleep(Duration::from_secs(1)) => return None,
///             else => return last,
///         }
///     }
/// }
/// ```
///
/// # Cancellation
/// As with tokio's: a future that lost is dropped, so it must be safe to drop. To keep
/// one over several rounds of a loop, pin it outside and pass `&mut` to it.
#[macro_export]
macro_rules! select {
    // The end: all branches are normalised, each with a name of its own.
    (@run $begin:ident $end:tt [$({ ($($depth:tt)*) $future:ident $bind:pat = $value:expr, if $when:expr => $body:expr })+] $otherwise:expr) => {{
        #[allow(unused_mut, reason = "a pattern may bind by `ref mut`")]
        let mut output = {
            let mut turns = $crate::select::Turns::new([$($when),+]);
            // Two steps, so that temporaries of `&mut make()` live as long as the future.
            $(let $future = $value;)+
            $(let mut $future = ::core::pin::pin!(::core::future::IntoFuture::into_future($future));)+
            ::core::future::poll_fn(|context| {
                turns.$begin();
                for _ in 0..2 {
                    $(
                        if turns.visit() {
                            match ::core::future::Future::poll($future.as_mut(), context) {
                                ::core::task::Poll::Pending => turns.pending(),
                                #[allow(unused_mut, reason = "a pattern may bind by `ref mut`")]
                                ::core::task::Poll::Ready(mut output) => {
                                    turns.finished();
                                    let mut matches = false;
                                    // A guard sees bindings by reference, so the output stays
                                    // whole for the body's own match.
                                    #[allow(unused, clippy::all, reason = "the body binds again")]
                                    match output {
                                        $bind if { matches = true; false } => ::core::unreachable!(),
                                        _ => {}
                                    }
                                    if matches {
                                        return ::core::task::Poll::Ready($crate::__later!(($($depth)*) $crate::select::Chosen::This(output)));
                                    }
                                }
                            }
                        }
                    )+
                }
                if turns.any_pending() {
                    ::core::task::Poll::Pending
                } else {
                    ::core::task::Poll::Ready($crate::__later!($end $crate::select::AllDisabled))
                }
            })
            .await
        };
        match output {
            $($crate::__later!(($($depth)*) $crate::select::Chosen::This($bind)) => $body,)+
            $crate::__later!($end $crate::select::AllDisabled) => $otherwise,
            #[allow(unreachable_patterns, reason = "reached by no value: a branch is chosen only if its pattern matches")]
            _ => ::core::unreachable!("a branch was chosen whose pattern does not match"),
        }
    }};

    // One branch a step. `future` is another name in each step: macro hygiene keeps
    // the names of different expansions apart.
    (@step $begin:ident [$($depth:tt)*] [] else => $otherwise:expr $(,)?) => { $otherwise };
    (@step $begin:ident [$($depth:tt)*] [$($done:tt)+] else => $otherwise:expr $(,)?) => {
        $crate::select!(@run $begin ($($depth)*) [$($done)+] $otherwise)
    };
    (@step $begin:ident [$($depth:tt)*] [$($done:tt)+]) => {
        $crate::select!(@run $begin ($($depth)*) [$($done)+] ::core::panic!("all branches of a select! are disabled, and it has no else"))
    };
    (@step $begin:ident [$($depth:tt)*] [$($done:tt)*] $bind:pat = $value:expr $(, if $when:expr)? => $body:block, $($rest:tt)*) => {
        $crate::select!(@step $begin [$($depth)* _] [$($done)* { ($($depth)*) future $bind = $value, if true $(&& $when)? => $body }] $($rest)*)
    };
    (@step $begin:ident [$($depth:tt)*] [$($done:tt)*] $bind:pat = $value:expr $(, if $when:expr)? => $body:block $($rest:tt)*) => {
        $crate::select!(@step $begin [$($depth)* _] [$($done)* { ($($depth)*) future $bind = $value, if true $(&& $when)? => $body }] $($rest)*)
    };
    (@step $begin:ident [$($depth:tt)*] [$($done:tt)*] $bind:pat = $value:expr $(, if $when:expr)? => $body:expr $(, $($rest:tt)*)?) => {
        $crate::select!(@step $begin [$($depth)* _] [$($done)* { ($($depth)*) future $bind = $value, if true $(&& $when)? => $body }] $($($rest)*)?)
    };
    (@step $($rest:tt)*) => {
        ::core::compile_error!("a branch of select! is `pattern = future => body` or `pattern = future, if condition => body`, with a comma behind a body without braces; `else => body` is the last")
    };

    // What a caller writes.
    () => { ::core::compile_error!("select! needs a branch") };
    (biased; $($branches:tt)+) => { $crate::select!(@step begin_biased [] [] $($branches)+) };
    ($($branches:tt)+) => { $crate::select!(@step begin [] [] $($branches)+) };
}

/// A value or pattern at some depth of the [`Chosen`](select::Chosen) list; eight
/// levels a step, for the recursion limit's sake.
#[doc(hidden)]
#[macro_export]
macro_rules! __later {
    (() $($inside:tt)+) => { $($inside)+ };
    ((_ _ _ _ _ _ _ _ $($depth:tt)*) $($inside:tt)+) => {
        $crate::select::Chosen::Later($crate::select::Chosen::Later($crate::select::Chosen::Later(
            $crate::select::Chosen::Later($crate::select::Chosen::Later($crate::select::Chosen::Later(
                $crate::select::Chosen::Later($crate::select::Chosen::Later(
                    $crate::__later!(($($depth)*) $($inside)+)
                ))
            )))
        )))
    };
    ((_ $($depth:tt)*) $($inside:tt)+) => {
        $crate::select::Chosen::Later($crate::__later!(($($depth)*) $($inside)+))
    };
}
