//! A trace made of a recorded run. What is in it the engine, its devices and the harness
//! have told; how it is written is the file's business.

use super::event::TraceEvent;
use super::file::TraceFile;
use super::header::{TraceFailure, TraceHeader, TraceMachine, TraceNode, TraceRole, VERSION};
use serde_json::{Map, Value as Json};
use wavetank_engine::{FaultKind, StoryEvent, Value, kinds as engine};
use wavetank_harness::{RunRecord, RunStory, StoryRole};
use wavetank_network::kinds as network;

impl TraceFile {
    /// The trace of a run; [`None`] if its record has no story, which
    /// [`Recorder::tell`](wavetank_harness::Recorder::tell) gives it.
    pub fn of(record: &RunRecord) -> Option<TraceFile> {
        let story = record.story.as_ref()?;
        Some(TraceFile { header: header(record, story), events: story.events.iter().map(event).collect() })
    }
}

fn header(record: &RunRecord, story: &RunStory) -> TraceHeader {
    let failures = record.failures.iter().zip(&story.failures).map(|(failure, told)| TraceFailure {
        message: failure.to_string(),
        signature: failure.signature().to_string(),
        event: Some(told.event),
        node: told.node.map(|node| node.0),
    });
    let nodes = (0..).zip(&story.nodes).map(|(id, node)| TraceNode {
        id,
        name: node.name.clone(),
        machine: node.machine.0,
        role: match node.role {
            StoryRole::Process => TraceRole::Process,
            StoryRole::Workload => TraceRole::Workload,
            StoryRole::Director => TraceRole::Director,
        },
    });
    TraceHeader {
        wavetank: "trace".to_string(),
        version: VERSION,
        simulation: story.simulation.clone(),
        seed: record.seed,
        digest: record.digest.to_string(),
        failures: failures.collect(),
        machines: (0..).zip(&story.machines).map(|(id, name)| TraceMachine { id, name: name.clone() }).collect(),
        nodes: nodes.collect(),
        overrides: story.overrides as u64,
    }
}

fn event(event: &StoryEvent) -> TraceEvent {
    let mut args: Map<String, Json> =
        event.args.iter().map(|(name, value)| ((*name).to_string(), json(value))).collect();
    if let Some(duration) = duration(event) {
        args.insert("duration".to_string(), Json::from(duration));
    }
    TraceEvent {
        n: event.number,
        t: event.time,
        machine: event.machine.map(|machine| machine.0),
        node: event.node.map(|(node, _)| node.0),
        inc: event.node.map(|(_, incarnation)| incarnation),
        task: (event.task != 0).then(|| format!("{:016x}", event.task)),
        kind: event.kind.to_string(),
        cause: event.cause,
        msg: event.message.as_deref().map(str::to_string),
        args,
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::from(*value),
        Value::Number(value) => Json::from(*value),
        Value::Text(value) => Json::from(value.as_str()),
        Value::Numbers(values) => Json::from(values.clone()),
    }
}

/// The kinds of fault whose first parameter is how long they last, in nanoseconds.
static LASTING: [&FaultKind; 12] = [
    &engine::CRASH,
    &engine::MACHINE_CRASH,
    &engine::POWER_LOSS,
    &engine::PAUSE,
    &engine::CLOCK_STEP,
    &engine::CLOCK_SKEW,
    &engine::TIMER_LATE,
    &engine::POLL_COST,
    &network::PARTITION,
    &network::SLOW,
    &network::CLOG,
    &network::DELAY_SPIKE,
];

/// How long a fault lasts, in nanoseconds.
fn duration(event: &StoryEvent) -> Option<u64> {
    let Some(Value::Text(kind)) = event.arg("kind").filter(|_| event.kind == "fault") else { return None };
    let Some(Value::Numbers(parameters)) = event.arg("parameters") else { return None };
    LASTING.iter().any(|known| known.name() == kind).then(|| parameters.first().copied()).flatten()
}
