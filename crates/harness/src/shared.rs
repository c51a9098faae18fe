//! What the workloads of a run share beside the network: one value of each type, made
//! when it is first asked for. Histories live here; processes under test do not.

use crate::ledger::{Ledger, StateRegistry};
use std::any::{Any, TypeId};
use std::fmt;
use std::marker::PhantomData;
use wavetank_engine::Local;

/// The values of a run, by type.
#[derive(Default)]
pub(crate) struct Values {
    /// A place is empty while its value is in somebody's hands.
    values: Vec<(TypeId, Option<Box<dyn Any>>)>,
}

impl Values {
    /// Takes the value of a type; nothing if there is none yet.
    fn take(&mut self, id: TypeId) -> Taken {
        match self.values.iter_mut().find(|(known, _)| *known == id) {
            Some((_, value)) => value.take().map_or(Taken::InUse, Taken::Value),
            None => {
                self.values.push((id, None));
                Taken::New
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Those that nobody has in his hands.
    pub(crate) fn into_values(self) -> impl Iterator<Item = Box<dyn Any>> {
        self.values.into_iter().filter_map(|(_, value)| value)
    }

    fn put(&mut self, id: TypeId, value: Box<dyn Any>) {
        let place = self.values.iter_mut().find(|(known, _)| *known == id);
        place.expect("it was taken from there").1 = Some(value);
    }
}

enum Taken {
    Value(Box<dyn Any>),
    New,
    InUse,
}

/// A value that all workloads of a run share, and its checkers; see
/// [`SimContext::shared`](crate::SimContext::shared).
///
/// A handle: copies reach the same value, which is dropped when the run ends.
pub struct Shared<T> {
    ledger: Local<Ledger>,
    value: PhantomData<fn(T)>,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        *self
    }
}

impl<T> Copy for Shared<T> {}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared<{}>", std::any::type_name::<T>())
    }
}

impl<T: Default + 'static> Shared<T> {
    pub(crate) fn new(ledger: Local<Ledger>) -> Shared<T> {
        Shared { ledger, value: PhantomData }
    }

    /// Reads or changes the value.
    ///
    /// # Panics
    /// Within another `with` of the same type, and outside of the run.
    pub fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        let id = TypeId::of::<T>();
        // Its code runs, and it is made, while nothing of the world is borrowed.
        let mut value: Box<dyn Any> = match self.ledger.with(|ledger, _| ledger.shared.take(id)) {
            Taken::Value(value) => value,
            Taken::New => Box::new(T::default()),
            Taken::InUse => panic!("the shared {} is in use already", std::any::type_name::<T>()),
        };
        let result = body(value.downcast_mut().expect("values are kept by type"));
        self.ledger.with(|ledger, _| ledger.shared.put(id, value));
        result
    }
}

/// A run that is over, as checkers see it: what its workloads have gathered.
#[derive(Debug, Clone, Copy)]
pub struct Finished {
    pub(crate) ledger: Local<Ledger>,
    pub(crate) seed: u64,
    pub(crate) overdrawn: bool,
}

impl Finished {
    /// The value of a type that the workloads shared; a fresh one if none asked for it.
    pub fn shared<T: Default + 'static>(&self) -> Shared<T> {
        Shared::new(self.ledger)
    }

    /// What was registered by name.
    pub fn state(&self) -> StateRegistry {
        StateRegistry::new(self.ledger)
    }

    /// Whether faults went beyond the declared tolerance on purpose.
    pub fn is_overdrawn(&self) -> bool {
        self.overdrawn
    }

    /// The run's seed: for messages.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}
