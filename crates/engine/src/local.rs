//! The way from a handle to the world of its run: the thread-local that says which
//! run is installed here, references that check it, and the engine's waker. All
//! `unsafe` of the engine is in this file, but for the types of what tasks hold (`stage.rs`);
//! what the world does is not.
//!
//! Why it is sound. A [`Shell`] is reachable through [`INSTALLED`] only while
//! [`Shell::enter`] runs, which borrows the [`World`](crate::World) that owns it; so
//! a pointer found there is alive and belongs to this thread. Every access takes
//! the shell's one borrow flag (`borrow.rs`) first, so there is never a second reference to the
//! kernel or to a device. A [`Local`] was made for one run of one shell, and no two
//! runs of a process have the same number; the check that its run is the installed one
//! therefore proves that its device, which the shell owns, is alive too.

#![expect(unsafe_code, reason = "the way to the world needs it; each use says why it is sound")]

use crate::borrow::Flag;
use crate::closes::{Close, Closes};
use crate::device::Device;
use crate::foreign;
use crate::kernel::Kernel;
use crate::left;
use crate::task::generation_of;
use std::any::TypeId;
use std::cell::{Cell, UnsafeCell};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{RawWaker, RawWakerVTable, Waker};

thread_local! {
    /// The shell of the run that this thread is in. Const and without destructor, so
    /// that a read is one load and nothing of a run outlives its guard.
    static INSTALLED: Cell<*const Shell> = const { Cell::new(ptr::null()) };
}

/// The run of a world in which none has begun: no handle has it.
pub(crate) const NO_RUN: u64 = 0;

/// The world behind its one borrow flag.
#[repr(C)]
pub(crate) struct Shell {
    /// First, so that its address is the shell's: each call that is handed the kernel would
    /// add to it otherwise, and where a field lies goes by the sizes of all.
    split: UnsafeCell<Split>,
    run: Cell<u64>,
    borrowed: Flag,
    /// No two worlds of the process have the same.
    world: u64,
    pub(crate) closes: Closes,
}

/// What one borrow gives: the kernel, and the devices beside it.
#[repr(C)]
pub(crate) struct Split {
    pub(crate) kernel: Kernel,
    pub(crate) devices: Devices,
}

/// The devices of a world, by number; number 0, the engine's own timers, is not among them.
/// Each with its type: a pointer to a device was made from a box of just that type.
pub(crate) struct Devices(Vec<(TypeId, NonNull<dyn Device>)>);

impl Devices {
    pub(crate) fn len(&self) -> u32 {
        self.0.len() as u32
    }

    #[inline]
    pub(crate) fn get(&mut self, device: u32) -> &mut dyn Device {
        let (_, mut device) = self.0[device as usize - 1];
        // SAFETY: the pointer came from a box that only `Drop` frees, and `&mut self`
        // is reached only under the borrow flag, under which a `Local` is reached too.
        unsafe { device.as_mut() }
    }

    pub(crate) fn iter(&mut self) -> impl Iterator<Item = &mut dyn Device> {
        // SAFETY: as in `get`; each pointer is from a box of its own.
        self.0.iter_mut().map(|(_, device)| unsafe { device.as_mut() })
    }

    /// Takes a device in; its number, and a pointer for [`Local`]s.
    fn push<D: Device>(&mut self, device: D) -> (u32, NonNull<D>) {
        let pointer = NonNull::from(Box::leak(Box::new(device)));
        self.0.push((TypeId::of::<D>(), pointer));
        (self.len(), pointer)
    }

    /// The first device of a type: its number, and a pointer for [`Local`]s.
    fn find<D: Device>(&self) -> Option<(u32, NonNull<D>)> {
        let place = self.0.iter().position(|(kind, _)| *kind == TypeId::of::<D>())?;
        Some((place as u32 + 1, self.0[place].1.cast()))
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        for (_, device) in self.0.drain(..) {
            // SAFETY: `push` leaked this very box, and nothing else frees it.
            drop(unsafe { Box::from_raw(device.as_ptr()) });
        }
    }
}

/// Takes the shell out of the thread, on unwinding too.
struct Installed {
    /// Null, or the shell of an `enter` that is under way further out.
    before: *const Shell,
}

impl Drop for Installed {
    fn drop(&mut self) {
        INSTALLED.set(self.before);
    }
}

impl Default for Shell {
    /// Inline, so that a box of it is made in place: it is 1.3 kB.
    #[inline]
    fn default() -> Shell {
        static NEXT_WORLD: AtomicU64 = AtomicU64::new(1);
        Shell {
            world: NEXT_WORLD.fetch_add(1, Ordering::Relaxed),
            run: Cell::new(NO_RUN),
            borrowed: Flag::default(),
            split: UnsafeCell::new(Split { kernel: Kernel::default(), devices: Devices(Vec::new()) }),
            closes: Closes::default(),
        }
    }
}

impl Shell {
    pub(crate) fn set_run(&self, run: u64) {
        self.run.set(run);
    }

    pub(crate) fn run(&self) -> u64 {
        self.run.get()
    }

    pub(crate) fn add<D: Device>(&self, device: D) -> Key<D> {
        let (number, pointer) = self.with(|split| split.devices.push(device));
        Key { world: self.world, number, pointer }
    }

    /// Runs `body` with this world installed on the thread.
    ///
    /// # Panics
    /// If another world is installed: one simulation cannot run inside another.
    pub(crate) fn enter<R>(&self, body: impl FnOnce() -> R) -> R {
        assert!(
            INSTALLED.get().is_null(),
            "a simulation cannot run inside a simulation: start this one on a thread of its own, or after the other"
        );
        self.enter_within(body)
    }

    /// As [`enter`](Self::enter), even while another world is installed, which is installed
    /// again after it: for drops.
    pub(crate) fn enter_within<R>(&self, body: impl FnOnce() -> R) -> R {
        let _installed = Installed { before: INSTALLED.replace(self) };
        body()
    }

    /// Borrows the world.
    ///
    /// # Panics
    /// If it is borrowed already: user code ran under a borrow.
    #[inline]
    pub(crate) fn with<R>(&self, body: impl FnOnce(&mut Split) -> R) -> R {
        let _borrow = self.borrowed.take();
        // SAFETY: the flag was free and is taken, so no other reference exists; the
        // shell is not `Sync`, so no other thread can have one.
        body(unsafe { &mut *self.split.get() })
    }
}

/// Reaches the world of run `run`.
///
/// # Panics
/// If another run, or none, is installed on this thread.
#[inline]
pub(crate) fn reach<R>(run: u64, body: impl FnOnce(&mut Split) -> R) -> R {
    match installed(run) {
        Some(shell) => shell.with(body),
        None => foreign::refuse(run),
    }
}

/// The device of a type in the world of run `run`: the first, if there are several.
///
/// # Panics
/// If another run, or none, is installed on this thread, or its world has no such device.
pub(crate) fn device<D: Device>(run: u64) -> Local<D> {
    match reach(run, |split| split.devices.find()) {
        Some((number, pointer)) => Local { run, number, pointer },
        None => panic!("the world has no {}: add one before the run", std::any::type_name::<D>()),
    }
}

/// Reaches the world of run `run` if it is installed and not borrowed: for `Drop`.
#[inline]
pub(crate) fn try_reach<R>(run: u64, body: impl FnOnce(&mut Split) -> R) -> Option<R> {
    let shell = installed(run)?;
    (!shell.borrowed.is_taken()).then(|| shell.with(body))
}

/// Closes what a handle of run `run` stood for after the borrow that is under way, or when
/// the run goes on; after the run there is nothing to close.
#[cold]
pub(crate) fn close_later(run: u64, device: u32, slot: u32, generation: u32) {
    let close = Close { device, slot, generation };
    match installed(run) {
        Some(shell) => shell.closes.add([close]),
        None => left::keep(run, close),
    }
}

/// What is running on this thread, if a run is installed and not borrowed.
pub(crate) fn peek<R>(body: impl FnOnce(&mut Split) -> R) -> Option<R> {
    let run = installed_run()?;
    try_reach(run, body)
}

/// The run that is installed on this thread.
pub(crate) fn installed_run() -> Option<u64> {
    let shell = INSTALLED.get();
    // SAFETY: a pointer found here is alive: `enter` holds the shell until it takes it out.
    (!shell.is_null()).then(|| unsafe { &*shell }.run.get())
}

#[inline]
fn installed<'a>(run: u64) -> Option<&'a Shell> {
    let shell = INSTALLED.get();
    if shell.is_null() {
        return None;
    }
    // SAFETY: a pointer found here is alive: `enter` holds the shell until it takes it
    // out, and no caller keeps the reference beyond code that runs inside `enter`.
    let shell = unsafe { &*shell };
    (shell.run.get() == run).then_some(shell)
}

/// A device of a world, across its runs.
#[derive(Debug)]
pub struct Key<D> {
    world: u64,
    number: u32,
    pointer: NonNull<D>,
}

impl<D> Clone for Key<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Key<D> {}

impl<D: Device> Key<D> {
    /// The device's number, for [`Kernel::at`].
    pub fn number(self) -> u32 {
        self.number
    }

    pub(crate) fn local(self, shell: &Shell) -> Local<D> {
        Local { run: shell.run(), number: self.number, pointer: self.pointer }
    }

    /// The device itself, while no run is installed.
    pub(crate) fn get<R>(self, shell: &Shell, body: impl FnOnce(&mut D, &mut Kernel) -> R) -> R {
        shell.with(|split| {
            let mut pointer = self.pointer;
            // SAFETY: the world that made this key checked that it is its own; the
            // device lives as long as the world, and the borrow flag is taken.
            body(unsafe { pointer.as_mut() }, &mut split.kernel)
        })
    }

    pub(crate) fn is_of(self, shell: &Shell) -> bool {
        self.world == shell.world
    }
}

/// A reference to a device of one run: what simulated handles hold. It may be sent
/// anywhere, but used only on the thread of its run, while the run lasts; using it
/// elsewhere panics, and turns the run red.
#[derive(Debug)]
pub struct Local<D> {
    run: u64,
    number: u32,
    pointer: NonNull<D>,
}

impl<D> Clone for Local<D> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Local<D> {}

// SAFETY: a `Local` is an identifier everywhere but on the thread where its run is
// installed: `with` and `close` follow the pointer only after they found the run
// installed on this very thread.
unsafe impl<D> Send for Local<D> {}
// SAFETY: as for `Send`.
unsafe impl<D> Sync for Local<D> {}

impl<D: Device> Local<D> {
    /// The device's number, for [`Kernel::at`] and [`Kernel::waits`].
    #[inline]
    pub fn number(self) -> u32 {
        self.number
    }

    /// Borrows the device together with the kernel.
    ///
    /// # Panics
    /// If its run is not installed on this thread, or the world is borrowed already.
    #[inline]
    pub fn with<R>(self, body: impl FnOnce(&mut D, &mut Kernel) -> R) -> R {
        reach(self.run, |split| {
            let mut pointer = self.pointer;
            // SAFETY: the run is installed on this thread, so the shell that owns the
            // device is alive; the borrow flag is taken, so nobody else refers to it.
            body(unsafe { pointer.as_mut() }, &mut split.kernel)
        })
    }

    /// Closes what a handle stood for, from the handle's `Drop`: now, or right after
    /// the borrow that is under way, or when the run goes on. After the run there is nothing
    /// to close.
    #[inline]
    pub fn close(self, slot: u32, generation: u32) {
        match installed(self.run) {
            Some(shell) if !shell.borrowed.is_taken() => {
                self.with(|device, kernel| device.close(slot, generation, kernel));
            }
            _ => close_later(self.run, self.number, slot, generation),
        }
    }
}

// --- The waker -----------------------------------------------------------------------

const _: () = assert!(size_of::<usize>() == 8, "a waker's number needs 64 bits");

static WAKER: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake, |_| {});

fn clone_waker(number: *const ()) -> RawWaker {
    RawWaker::new(number, &WAKER)
}

fn wake(number: *const ()) {
    let number = number.addr() as u64;
    let shell = INSTALLED.get();
    if shell.is_null() {
        return foreign::refuse_wake(generation_of(number));
    }
    // SAFETY: a pointer found here is alive; see `installed`.
    let shell = unsafe { &*shell };
    shell.with(|split| split.kernel.wake_by_waker(number));
}

/// The waker of a task.
#[inline]
pub(crate) fn waker(number: u64) -> Waker {
    // SAFETY: the functions of the table take the pointer as a number and never
    // follow it; they own nothing, and may be called on any thread.
    unsafe { Waker::new(ptr::without_provenance(number as usize), &WAKER) }
}

/// The task that a waker wakes, if it is the engine's own.
#[inline]
pub(crate) fn task_number(waker: &Waker) -> Option<u64> {
    ptr::eq(waker.vtable(), &WAKER).then(|| waker.data().addr() as u64)
}

// --- Memory that is far away ---------------------------------------------------------

/// Asks the processor to fetch the first kilobyte of a value into its caches, because it
/// will be needed soon. Changes nothing; does nothing where it is not known how.
#[inline]
pub fn prefetch<T: ?Sized>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        /// Bytes that a processor fetches at once.
        const LINE: usize = 64;
        /// Bytes of a value that are asked for; more would push out what is in use.
        const MOST: usize = 1024;
        let start = ptr::from_ref(value).cast::<i8>();
        for at in (0..size_of_val(value).min(MOST)).step_by(LINE) {
            // SAFETY: a prefetch never faults and gives nothing back; the address lies
            // within a value that lives.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(at)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
