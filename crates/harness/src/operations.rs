//! A workload's operations as decisions: how many, which, with what arguments. Each can
//! be taken out or made smaller alone; what they do is the workload's business.

use crate::count::Count;
use crate::ledger::Ledger;
use crate::swarm::ALPHABET;
use std::sync::Arc;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{Address, Control, Domain, EventKind, Local, mix, name_key, scale};

/// Whether an operation is made; benign: it is not.
pub const OPERATION: Domain = Domain::new("workload.operation");
/// How many operations a workload has; benign: the fewest.
pub const OPERATION_COUNT: Domain = Domain::new("workload.count");
/// An operation's arguments; benign: zero, the least.
pub const ARGUMENT: Domain = Domain::new("workload.argument");
/// For how many nanoseconds a workload waits before it begins; the entity is the key of its name,
/// and the number is 0. No seed lets one wait, an override may: where time must pass before a
/// failure, it need not be filled with operations.
pub const WAIT: Domain = Domain::new("workload.wait");

const BEGIN: EventKind = EventKind::new("op.begin");
const END: EventKind = EventKind::new("op.end");

/// The heaviest that a verb is in a run's alphabet.
const WEIGHT_MOST: u64 = 8;

/// One operation of a workload, as a recorded run tells of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OperationRecord {
    /// The decision that it is: benign takes it out of the run.
    pub address: Address,
    /// The workload, such as `client-2`.
    pub client: String,
    /// What kind of operation.
    pub verb: String,
    /// What was asked, in words; nothing if its workload never says.
    pub asked: String,
    /// When its workload drew it, in nanoseconds of global virtual time.
    #[serde(default)]
    pub given: u64,
    /// What came of it, if its workload said so.
    pub answered: Option<String>,
    /// Nanoseconds of global virtual time.
    pub begun: u64,
    /// When its workload said what came of it, or else went on to the next one, in nanoseconds of
    /// global virtual time; nothing if the run ended before.
    pub ended: Option<u64>,
}

/// The operations of a workload in a run; see
/// [`SimContext::operations`](crate::SimContext::operations).
#[derive(Debug, Clone)]
pub struct Operations {
    control: Control,
    ledger: Local<Ledger>,
    client: Arc<str>,
    entity: u64,
    verbs: &'static [&'static str],
    /// Of each verb, and their sum.
    weights: Vec<u64>,
    next: u64,
    count: u64,
    recorded: bool,
}

/// What a workload does next: a verb, and arguments that are drawn from it.
#[derive(Debug)]
pub struct Operation {
    control: Control,
    ledger: Local<Ledger>,
    client: Arc<str>,
    address: Address,
    verb: &'static str,
    /// Arguments drawn so far.
    drawn: u64,
    /// When it was drawn, if the run is recorded.
    given: u64,
}

impl Operations {
    pub(crate) fn new(
        control: Control,
        ledger: Local<Ledger>,
        client: Arc<str>,
        group: &str,
        count: Count,
        verbs: &'static [&'static str],
    ) -> Operations {
        assert!(!verbs.is_empty(), "operations need a verb at least");
        let entity = name_key(&client);
        let (is_drawn, recorded) = ledger.with(|ledger, _| (ledger.swarm, ledger.recorded));
        let (count, weights) = control.kernel(|kernel| {
            let count = kernel.choose(OPERATION_COUNT, entity, 0, u64::from(count.low), u64::from(count.high));
            let weigh = |verb: &&str| match kernel.decisions().draw(ALPHABET, mix(name_key(group), name_key(verb)), 0) {
                Some(draw) if is_drawn => weight(draw),
                _ => 1,
            };
            (count, verbs.iter().map(weigh).collect::<Vec<u64>>())
        });
        let weights = if weights.iter().all(|weight| *weight == 0) { vec![1; verbs.len()] } else { weights };
        Operations { control, ledger, client, entity, verbs, weights, next: 0, count, recorded }
    }

    /// What was begun before and nobody said the end of is over, too.
    fn leave(&self) {
        self.ledger.with(|ledger, kernel| {
            let last = ledger.operations.iter_mut().rev().find(|record| record.address.entity == self.entity);
            if let Some(record) = last {
                record.ended.get_or_insert(kernel.now());
            }
        });
    }
}

/// Off in a quarter of all runs, else from 1 to [`WEIGHT_MOST`].
fn weight(draw: u64) -> u64 {
    if draw & 3 == 0 { 0 } else { scale(mix(draw, name_key("weight")), 1, WEIGHT_MOST) }
}

impl Iterator for Operations {
    type Item = Operation;

    fn next(&mut self) -> Option<Operation> {
        if self.recorded {
            self.leave();
        }
        while self.next < self.count {
            let nth = self.next;
            self.next += 1;
            let draw = self.control.kernel(|kernel| kernel.decisions().draw(OPERATION, self.entity, nth));
            // Benign: as if the workload had never thought of it.
            let Some(draw) = draw else { continue };
            let total: u64 = self.weights.iter().sum();
            let mut place = scale(draw, 0, total - 1);
            let chosen = self.weights.iter().position(|weight| {
                let is_it = place < *weight;
                place = place.saturating_sub(*weight);
                is_it
            });
            let mut operation = Operation {
                control: self.control,
                ledger: self.ledger,
                client: self.client.clone(),
                address: Address { domain: OPERATION.key(), entity: self.entity, nth },
                verb: self.verbs[chosen.expect("the place is below the sum of the weights")],
                drawn: 0,
                given: 0,
            };
            if self.recorded {
                operation.given = self.control.kernel(|kernel| kernel.now());
                let drawn = operation.record(String::new());
                self.ledger.with(|ledger, _| ledger.drawn.push(drawn));
            }
            return Some(operation);
        }
        None
    }
}

impl Operation {
    /// Which of its workload's operations it is, from 0.
    pub fn nth(&self) -> u64 {
        self.address.nth
    }

    /// The decision that it is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// What to do.
    pub fn verb(&self) -> &'static str {
        self.verb
    }

    /// A number below a limit, a decision of its own. Benign: 0.
    ///
    /// # Panics
    /// If the limit is zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        assert!(limit > 0, "no number is below zero");
        self.within(0, limit - 1)
    }

    /// A number from `low` to `high`, both included. Benign: `low`.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        let (entity, nth) = (mix(self.address.entity, self.address.nth), self.drawn);
        self.drawn += 1;
        self.control.kernel(|kernel| kernel.choose(ARGUMENT, entity, nth, low, high))
    }

    /// Whether a thing of that probability happens. Benign: no.
    ///
    /// # Panics
    /// If the denominator is zero.
    pub fn ratio(&mut self, numerator: u32, denominator: u32) -> bool {
        assert!(denominator > 0, "a ratio needs a denominator");
        self.within(0, u64::from(denominator) - 1) + u64::from(numerator) >= u64::from(denominator)
    }

    /// A duration from `low` to `high`. Benign: `low`.
    pub fn pause(&mut self, low: Duration, high: Duration) -> Duration {
        Duration::from_nanos(self.within(saturating_nanos(low), saturating_nanos(high)))
    }

    /// Says what is asked, now. The words are made only for a run that is recorded.
    ///
    /// A recipe and a timeline show them. Of a workload that says so of none of its operations a recipe
    /// shows the verbs, and when they were drawn; a timeline shows none.
    pub fn begin(&self, words: impl FnOnce() -> String) {
        self.control.kernel(|kernel| kernel.note(BEGIN, self.address.entity, self.address.nth));
        if !self.is_recorded() {
            return;
        }
        let asked = words();
        self.tell(BEGIN, &asked);
        let record = self.record(asked);
        self.ledger.with(|ledger, _| ledger.operations.push(record));
    }

    /// Says what came of it, now. The words are made only for a run that is recorded.
    pub fn end(&self, words: impl FnOnce() -> String) {
        self.control.kernel(|kernel| kernel.note(END, self.address.entity, self.address.nth));
        if !self.is_recorded() {
            return;
        }
        let answered = words();
        let now = self.tell(END, &answered);
        self.ledger.with(|ledger, _| {
            let all = ledger.operations.iter_mut().rev().chain(ledger.drawn.iter_mut().rev());
            if let Some(record) = all.into_iter().find(|record| record.address == self.address) {
                (record.answered, record.ended) = (Some(answered), Some(now));
            }
        });
    }

    /// What a recorded run tells of it, if it begins now.
    fn record(&self, asked: String) -> OperationRecord {
        OperationRecord {
            address: self.address,
            client: self.client.to_string(),
            verb: self.verb.to_string(),
            asked,
            given: self.given,
            answered: None,
            begun: self.control.kernel(|kernel| kernel.now()),
            ended: None,
        }
    }

    /// Tells of it in the run's story; the time.
    fn tell(&self, kind: EventKind, words: &str) -> u64 {
        self.control.kernel(|kernel| {
            kernel.tell(kind.name(), |telling| {
                telling.arg("client", self.client.to_string()).arg("verb", self.verb).arg("words", words);
                telling.arg("address", self.address.to_string());
            });
            kernel.now()
        })
    }

    fn is_recorded(&self) -> bool {
        self.ledger.with(|ledger, _| ledger.recorded)
    }
}
