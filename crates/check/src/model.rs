//! The model: what one operation after another does to a state. It knows nothing of
//! concurrency, and of no particular system.

use std::fmt::Debug;
use std::hash::Hash;

/// A sequential specification: what each operation does, if they came one by one.
///
/// It is deterministic on purpose. Where an answer depends on what nobody was told (the
/// version that a write got whose reply was lost), the state says what is known
/// (`a version above 3`), and the next answer that tells it is checked against that and
/// narrows it.
///
/// ```
/// use wavetank_check::Model;
///
/// /// A counter: adding answers with the sum.
/// struct Counter;
///
/// impl Model for Counter {
///     type Op = u32;
///     type Ret = u32;
///     type State = u32;
///     type Part = ();
///
///     fn part(&self, _: &u32) {}
///
///     fn initial(&self, (): &()) -> u32 {
///         0
///     }
///
///     fn step(&self, sum: &u32, add: &u32, told: Option<&u32>) -> Option<u32> {
///         let sum = sum + add;
///         told.is_none_or(|told| *told == sum).then_some(sum)
///     }
/// }
/// ```
pub trait Model {
    /// What can be asked.
    type Op: Debug;
    /// What can come back.
    type Ret: Debug;
    /// What is remembered between operations. Equal states must behave alike; the fewer
    /// there are, the faster a history is judged.
    type State: Clone + Eq + Hash + Debug;
    /// A piece of the system that no other piece depends on, such as a key: each is
    /// judged on its own, which is much faster. `()` if there is only one.
    type Part: Clone + Ord + Debug;

    /// Which piece the operation is about.
    fn part(&self, op: &Self::Op) -> Self::Part;

    /// The piece's state before the first operation.
    fn initial(&self, part: &Self::Part) -> Self::State;

    /// The state after `op` took effect and was answered with `ret`; `None` if that
    /// cannot be the answer in this state.
    ///
    /// Without `ret` nobody knows the answer: then the state after any answer that the
    /// operation could have had, or `None` if it cannot have had an effect here.
    fn step(&self, state: &Self::State, op: &Self::Op, ret: Option<&Self::Ret>) -> Option<Self::State>;

    /// The operation and its answer in words, for people.
    fn words(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> String {
        match ret {
            Some(ret) => format!("{op:?} -> {ret:?}"),
            None => format!("{op:?} -> ?"),
        }
    }

    /// The state in words, for people.
    fn state_words(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }
}
