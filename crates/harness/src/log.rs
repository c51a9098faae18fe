//! The logs of a run: `tracing` events, stamped with virtual time, node and
//! incarnation. Prints for replays only; a sweep keeps no log. Which runs are replays is
//! not known here.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::subscriber::NoSubscriber;
use tracing::{Event, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A filter that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// It is none.
    #[error("`{filter}` is not a log filter such as `debug` or `kv=trace,info`")]
    Unreadable { filter: String, source: ParseError },
    /// It asks for spans or fields.
    #[error("the log filter `{0}` asks for spans: say levels and targets, such as `debug` or `kv=trace,info`")]
    Spans(String),
}

/// Runs `body`, writing the `tracing` events of this thread that pass the filter to `out`. A filter
/// has levels, and levels of targets, as [`Targets`] reads them; of spans it knows nothing.
///
/// # Errors
/// If the filter cannot be read.
pub fn with_logs<R>(
    filter: &str,
    out: impl Write + Send + 'static,
    body: impl FnOnce() -> R,
) -> Result<R, FilterError> {
    Ok(tracing::subscriber::with_default(subscriber(filter, out)?, body))
}

/// Runs `body` with the logs that `RUST_LOG` asks for, printed as a test prints. There are none
/// if it asks for none, and none of ours if a subscriber of the test's own has them.
pub(crate) fn with_printed_logs<R>(body: impl FnOnce() -> R) -> R {
    let filter = std::env::var("RUST_LOG").unwrap_or_default();
    let is_heard = tracing::dispatcher::get_default(|dispatch| !dispatch.is::<NoSubscriber>());
    if filter.is_empty() || is_heard {
        return body();
    }
    match subscriber(&filter, Printed) {
        Ok(subscriber) => tracing::subscriber::with_default(subscriber, body),
        Err(error) => {
            // The variable is not ours alone, and no reason to run nothing.
            eprintln!("RUST_LOG: {error}");
            body()
        }
    }
}

fn subscriber(filter: &str, out: impl Write + Send + 'static) -> Result<impl Subscriber, FilterError> {
    Ok(Registry::default().with(targets(filter)?).with(SimLayer { out: Mutex::new(out) }))
}

fn targets(filter: &str) -> Result<Targets, FilterError> {
    if filter.contains('[') {
        // It would be taken for a target of that name.
        return Err(FilterError::Spans(filter.to_string()));
    }
    filter.parse().map_err(|source| FilterError::Unreadable { filter: filter.to_string(), source })
}

/// Standard output as a test has it: kept by whoever runs tests, and shown of red ones.
struct Printed;

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        print!("{}", String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Runs `body`, telling the `tracing` events of this thread down to that level in the story of
/// the run that is under way.
pub(crate) fn with_told_logs<R>(least: LevelFilter, body: impl FnOnce() -> R) -> R {
    let subscriber = Registry::default().with(least).with(StoryLayer);
    tracing::subscriber::with_default(subscriber, body)
}

/// Tells of an event: level, target, spans and what it says.
struct StoryLayer;

impl<S> Layer<S> for StoryLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !wavetank_engine::is_telling() {
            return;
        }
        // What fields say is a user's code: it runs before the engine is borrowed.
        let mut message = String::new();
        event.record(&mut Fields(&mut message));
        let message = message.trim_start_matches([':', ' ']);
        let scope = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let span: Vec<&str> = scope.map(|span| span.name()).collect();
        let metadata = event.metadata();
        wavetank_engine::tell("log", |telling| {
            telling.arg("level", metadata.level().as_str()).arg("target", metadata.target());
            telling.arg("message", message).arg("span", span.join(":"));
        });
    }
}

/// Writes a line per event: virtual time, node and incarnation, level, target, spans, fields.
struct SimLayer<W> {
    out: Mutex<W>,
}

impl<S, W> Layer<S> for SimLayer<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + Send + 'static,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = stamp();
        let metadata = event.metadata();
        let _ = write!(line, " {:5} {}", metadata.level(), metadata.target());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            let _ = write!(line, ":{}", span.name());
        }
        event.record(&mut Fields(&mut Legible(&mut line)));
        line.push('\n');
        let mut out = self.out.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // A log that cannot be written must not end the run that it tells of.
        let _ = out.write_all(line.as_bytes());
    }
}

/// Virtual time and place, or blanks outside of a run.
fn stamp() -> String {
    let Some(here) = wavetank_engine::here() else { return "               -".to_string() };
    let mut stamp = format!("{:5}.{:09}", here.time / 1_000_000_000, here.time % 1_000_000_000);
    match here.node {
        Some((_, incarnation, name)) => {
            let _ = write!(stamp, " {name}.{incarnation}");
        }
        None => stamp.push_str(" world"),
    }
    stamp
}

/// A text for a terminal: of control characters only line ends and tabs stay what they are.
struct Legible<'a>(&'a mut String);

impl fmt::Write for Legible<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '\n' | '\t' => self.0.push(letter),
                _ if letter.is_control() => self.0.extend(letter.escape_default()),
                _ => self.0.push(letter),
            }
        }
        Ok(())
    }
}

struct Fields<'a, W>(&'a mut W);

impl<W: fmt::Write> Visit for Fields<'_, W> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, ": {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
