//! A client of the service: what it asks, what it believes, and what it enters in the
//! history. Judges only what it can see by itself.

use super::oracle::{Asked, Op, Ret};
use super::text::{TEXTS, Text};
use super::{PROGRESS, connect, words};
use kv::{Answer, Client, ClientError, Command, Condition, Outcome};
use std::time::Duration;
use wavetank_check::{Current, Keyed, Ticket, VersionedOp, VersionedRet, When};
use wavetank_core::Providers;
use wavetank_harness::{BoxError, Operation, SimContext, SimProviders, SimulationMetrics, Workload, async_trait};
use wavetank_probe::{always_assert, reachable, sometimes_assert};

const KEYS: [&str; 5] = ["k/1", "k/2", "k/3", "l/1", "l/2"];
const VERBS: &[&str] = &["put", "cas", "create", "delete", "get", "list"];
/// How often a write is sent in all, until its answer is clear.
const ATTEMPTS: u32 = 6;

/// A client with what it saw last.
#[derive(Default)]
pub(crate) struct Customer {
    connection: Option<Client<SimProviders>>,
    /// Of each key, the highest version that this client was told of.
    seen: [u64; KEYS.len()],
    metrics: SimulationMetrics,
}

#[async_trait]
impl Workload for Customer {
    async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
        for mut operation in context.operations(30..=120, VERBS) {
            let pause = operation.pause(Duration::ZERO, Duration::from_millis(80));
            context.providers().sleep(pause).await;
            let key = operation.below(KEYS.len() as u64) as usize;
            match operation.verb() {
                "get" => {
                    operation.begin(|| format!("gets {}", KEYS[key]));
                    let read = self.read(context, key).await;
                    operation.end(|| words::read(read));
                }
                "list" => {
                    operation.begin(|| "lists all keys".to_string());
                    let listed = self.list(context, operation.below(2) as usize + 1).await;
                    operation.end(|| words::listed(listed.as_deref()));
                }
                verb => {
                    let is_read_back = operation.ratio(1, 2);
                    self.write(context, verb, key, operation).await;
                    if is_read_back {
                        self.read(context, key).await;
                    }
                }
            }
        }
        Ok(self.metrics.clone())
    }

    /// Every key can be read, and a listing says the same.
    async fn check(&mut self, context: &SimContext) -> Result<(), BoxError> {
        let mut before = Vec::new();
        for key in 0..KEYS.len() {
            before.push(self.read_at_last(context, key).await?);
        }
        let listed = self.list(context, 2).await;
        let mut after = Vec::new();
        for key in 0..KEYS.len() {
            after.push(self.read_at_last(context, key).await?);
        }
        if let (Some(listed), true) = (listed, before == after) {
            let stored: Vec<(String, u64)> =
                KEYS.iter().zip(after).filter_map(|(key, version)| Some((key.to_string(), version?))).collect();
            always_assert!(listed == stored, "a listing shows what can be read", listed, stored);
        }
        Ok(())
    }
}

impl Customer {
    /// One write, repeated under its name until its answer is clear.
    async fn write(&mut self, context: &SimContext, verb: &str, key: usize, mut operation: Operation) {
        let text = Text::numbered(operation.below(TEXTS));
        // Without a name, it cannot be repeated.
        let is_named = !operation.ratio(1, 4);
        let looks_first = !operation.ratio(1, 4);
        let (command, op) = self.command(verb, key, text);
        let name = format!("{}-{}", context.name(), operation.nth());
        let command = if is_named { command.once(name) } else { command };
        operation.begin(|| words::asked(verb, KEYS[key], text, command.condition));
        let history = context.shared::<Asked>();
        let ticket = history.with(|history| history.invoke(context.number(), op, now(context)));
        let mut ambiguous = false;
        for attempt in 0..if is_named { ATTEMPTS } else { 1 } {
            if attempt > 0 {
                context.providers().sleep(Duration::from_millis(50) * 3u32.pow(attempt.min(3))).await;
                if looks_first {
                    // What a crash left is seen before it is written over.
                    self.read(context, key).await;
                }
            }
            match self.send(context, &command).await {
                Ok(answer) => {
                    operation.end(|| words::told(&answer));
                    return self.told(context, key, answer, ticket);
                }
                Err(error) => ambiguous |= error.is_ambiguous(),
            }
        }
        operation.end(|| if ambiguous { "no clear answer".to_string() } else { "it was not done".to_string() });
        if ambiguous {
            self.metrics.add("ambiguous", 1);
        } else {
            history.with(|history| history.fail(ticket, now(context)));
        }
    }

    fn command(&self, verb: &str, key: usize, text: Text) -> (Command, Op) {
        let put = Command::put(KEYS[key], text.bytes());
        let (command, op) = match (verb, self.seen[key]) {
            ("put", _) => (put, VersionedOp::put(text)),
            ("delete", _) => (Command::delete(KEYS[key]), VersionedOp::Delete { when: When::Always }),
            ("cas", seen) if seen > 0 => (put.when(Condition::Version(seen)), VersionedOp::cas(seen, text)),
            _ => (put.when(Condition::Absent), VersionedOp::create(text)),
        };
        (command, Keyed::new(KEYS[key], op))
    }

    /// A clear answer.
    fn told(&mut self, context: &SimContext, key: usize, answer: Answer, ticket: Ticket) {
        let ret = match answer.outcome {
            Outcome::Stored { version, .. } => VersionedRet::Written { version },
            Outcome::Deleted { .. } => VersionedRet::Deleted,
            Outcome::Missing => VersionedRet::NotFound,
            Outcome::Mismatch { version: None } => VersionedRet::Mismatch { current: Current::Absent },
            Outcome::Mismatch { version: Some(version) } => {
                VersionedRet::Mismatch { current: Current::Version(version) }
            }
        };
        if let VersionedRet::Written { version } | VersionedRet::Mismatch { current: Current::Version(version) } = ret {
            self.seen[key] = self.seen[key].max(version);
        }
        self.metrics.add("acknowledged", 1);
        self.metrics.add("replayed", u64::from(answer.replayed));
        complete(context, ticket, ret);
    }

    async fn send(&mut self, context: &SimContext, command: &Command) -> Result<Answer, ClientError> {
        let answer = match self.connected(context).await {
            Ok(connection) => connection.write(command).await,
            Err(error) => Err(error),
        };
        answer.inspect_err(|error| self.part(error))
    }

    /// A key's version, if it is there; nothing if nobody answered.
    async fn read(&mut self, context: &SimContext, key: usize) -> Option<Option<u64>> {
        let history = context.shared::<Asked>();
        let op = Keyed::new(KEYS[key], VersionedOp::Get);
        let ticket = history.with(|history| history.invoke(context.number(), op, now(context)));
        let read = match self.connected(context).await {
            Ok(connection) => connection.read(KEYS[key]).await,
            Err(error) => Err(error),
        };
        let entry = read.inspect_err(|error| self.part(error)).ok()?;
        let version = entry.as_ref().map(|entry| entry.version);
        let ret = match entry {
            Some(entry) => VersionedRet::Found { version: entry.version, value: Text::read(&entry.value) },
            None => VersionedRet::NotFound,
        };
        self.seen[key] = self.seen[key].max(version.unwrap_or(0));
        complete(context, ticket, ret);
        Some(version)
    }

    /// A key's version when nothing is wrong any more: then it has to be told.
    async fn read_at_last(&mut self, context: &SimContext, key: usize) -> Result<Option<u64>, BoxError> {
        let world = context.providers();
        let patience = world.now() + PROGRESS;
        while world.now() < patience {
            if let Some(version) = self.read(context, key).await {
                return Ok(version);
            }
            world.sleep(Duration::from_millis(200)).await;
        }
        Err(format!("{} cannot be read although all faults are over", KEYS[key]).into())
    }

    /// All keys with their versions, page by page.
    async fn list(&mut self, context: &SimContext, limit: usize) -> Option<Vec<(String, u64)>> {
        let (mut listed, mut token) = (Vec::new(), None);
        let seen = self.seen;
        loop {
            let page = match self.connected(context).await {
                Ok(connection) => connection.list("", limit, token.as_deref()).await,
                Err(error) => Err(error),
            };
            let page = page.inspect_err(|error| self.part(error)).ok()?;
            always_assert!(page.keys.len() <= limit, "a page is no longer than it was asked to be");
            listed.extend(page.keys.into_iter().map(|listed| (listed.key, listed.version)));
            token = page.token;
            if token.is_none() {
                break;
            }
            sometimes_assert!(listed.len() >= limit, "a listing goes on with a token");
        }
        // What the demand for progress writes is nobody's here.
        listed.retain(|(key, _)| KEYS.contains(&key.as_str()));
        always_assert!(listed.is_sorted_by(|one, two| one.0 < two.0), "a listing has each key once, in order", listed);
        for (key, seen) in KEYS.iter().zip(seen) {
            let version = listed.iter().find(|(listed, _)| listed == key).map(|(_, version)| *version);
            always_assert!(
                version.is_none_or(|version| version >= seen),
                "a listing shows nothing older than was seen",
                version,
                seen
            );
        }
        Some(listed)
    }

    async fn connected(&mut self, context: &SimContext) -> Result<&mut Client<SimProviders>, ClientError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(context).await?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Gives the connection up after an error.
    fn part(&mut self, error: &ClientError) {
        match error {
            ClientError::TimedOut(_) => reachable!("an answer does not come in time"),
            ClientError::Exchange(_) => reachable!("a connection breaks before the answer"),
            ClientError::Refused(_) => reachable!("the service says that the outcome is not known"),
            ClientError::Connect(_) => (),
            ClientError::Answer(error) => panic!("the service does not speak JSON: {error}"),
        }
        if error.is_ambiguous() {
            reachable!("a reply is ambiguous");
        }
        self.connection = None;
    }
}

fn complete(context: &SimContext, ticket: Ticket, ret: Ret) {
    context.shared::<Asked>().with(|history| history.complete(ticket, ret, now(context)));
}

fn now(context: &SimContext) -> Duration {
    context.elapsed()
}
