//! A made-up run of a key-value service: three clients, one server, storms, and a power
//! loss that takes an acknowledged write. It stands in for real traces of any length.

use serde_json::{Map, Value, json};
use wavetank_debug::timeline::{History, HistoryOperation, Story};
use wavetank_debug::trace::{
    TraceEvent, TraceFailure, TraceFile, TraceHeader, TraceMachine, TraceNode, TraceRole, VERSION,
};

const SERVER: u32 = 0;
const CLIENTS: [u32; 3] = [1, 2, 3];
/// Text that would be markup, were it read as such.
pub(crate) const HOSTILE: &str = "</script><img src=x onerror=alert(1)><!-- & \u{2028} \"quoted\"";

/// A run that is being made up.
struct Sample {
    events: Vec<TraceEvent>,
    now: u64,
    state: u64,
    incarnation: u32,
    message: u64,
    operation: u64,
    /// What makes the next event happen.
    cause: Option<u64>,
}

impl Sample {
    fn new(seed: u64) -> Sample {
        Sample { events: Vec::new(), now: 1_000, state: seed, incarnation: 1, message: 0, operation: 0, cause: None }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % limit
    }

    fn after(&mut self, low: u64, high: u64) -> &mut Sample {
        self.now += low + self.below(high - low);
        self
    }

    /// An event on a node, made to happen by the one before it on the way.
    fn at(&mut self, node: Option<u32>, kind: &str, args: Value) -> u64 {
        let n = self.events.len() as u64;
        let args: Map<String, Value> = args.as_object().cloned().unwrap_or_default();
        let inc = node.map(|node| if node == SERVER { self.incarnation } else { 1 });
        let task = node.map(|node| format!("{:016x}", 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(u64::from(node) + 3)));
        self.events.push(TraceEvent {
            n,
            t: self.now,
            machine: node,
            node,
            inc,
            task,
            kind: kind.into(),
            cause: self.cause,
            msg: None,
            args,
        });
        self.cause = Some(n);
        n
    }

    /// A message from a node to another; whether it arrived.
    fn send(&mut self, from: u32, to: u32, bytes: u64, lost: bool) {
        self.message += 1;
        let msg = format!("c{}:{}:{}", from.max(to), u32::from(from < to), self.message * 64);
        self.after(2_000, 9_000);
        let args = json!({"conn": format!("c{}", from.max(to)), "side": u32::from(from > to), "offset": self.message * 64, "bytes": bytes});
        self.at(Some(from), "tcp.write", args);
        if lost {
            let args = json!({"kind": "network.segment-loss", "target": format!("link {from} -> {to}"), "address": "b2.77.1", "from": from, "to": to, "parameters": [0, 0]});
            self.at(Some(from), "fault", args);
        }
        let due = self.now + 300_000;
        self.at(Some(from), "tcp.depart", json!({"what": "data", "bytes": bytes, "due": due, "to": to}));
        self.events.last_mut().expect("it departed").msg = Some(msg.clone());
        self.after(150_000, 600_000);
        self.at(Some(to), if lost { "tcp.lost" } else { "tcp.land" }, json!({"what": "data"}));
        self.events.last_mut().expect("it landed").msg = Some(msg);
        if !lost {
            self.after(500, 3_000);
            self.at(Some(to), "task.poll", json!({}));
            self.at(Some(to), "tcp.read", json!({"bytes": bytes}));
        }
    }

    fn disk(&mut self, op: &str, path: &str) {
        let bytes = 512 + self.below(4096);
        self.at(
            Some(SERVER),
            "storage.submit",
            json!({"op": op, "path": path, "bytes": bytes, "offset": self.now % 65_536}),
        );
        self.after(20_000, 400_000);
        self.at(Some(SERVER), "storage.land", json!({"op": op, "path": path, "bytes": bytes}));
        self.at(Some(SERVER), "task.poll", json!({}));
    }

    fn log(&mut self, level: &str, message: &str) {
        let args = json!({"level": level, "message": message, "target": "kv::log", "span": "serve"});
        self.at(Some(SERVER), "log", args);
    }

    /// A client asks and is answered; when, and what it was called.
    fn ask(&mut self, client: u32, verb: &str, words: &str, answer: &str, synced: bool) -> (u64, u64) {
        self.operation += 1;
        self.cause = None;
        let address = format!("op.{client}.{}", self.operation);
        let name = format!("client {client}");
        self.after(300_000, 2_000_000);
        self.at(Some(client), "timer.fire", json!({}));
        self.at(Some(client), "task.poll", json!({}));
        let begun = self.now;
        self.at(Some(client), "op.begin", json!({"client": name, "verb": verb, "words": words, "address": address}));
        if self.below(12) == 0 {
            self.send(client, SERVER, 180, true);
            self.after(150_000_000, 250_000_000);
            self.at(Some(client), "tcp.retry", json!({"attempt": 1}));
        }
        let bytes = 120 + self.below(300);
        self.send(client, SERVER, bytes, false);
        if verb == "get" {
            self.at(Some(SERVER), "storage.read", json!({"path": "data/snapshot", "bytes": 128}));
        } else {
            self.at(Some(SERVER), "storage.write", json!({"path": "data/wal", "bytes": bytes + 24}));
            if synced {
                self.disk("sync", "data/wal");
            }
        }
        self.at(Some(SERVER), "assert", json!({"site": "kv.version-grows", "kind": "always", "holds": true}));
        self.log("debug", &format!("{verb} done, version {}", self.operation));
        self.send(SERVER, client, 96, false);
        self.at(Some(client), "op.end", json!({"client": name, "verb": verb, "words": answer, "address": address}));
        (begun, self.now)
    }

    fn fault(&mut self, kind: &str, node: Option<u32>, lasts: u64) {
        self.fault_of(kind, node, [lasts, 0]);
    }

    fn fault_of(&mut self, kind: &str, node: Option<u32>, parameters: [u64; 2]) {
        self.after(500_000, 3_000_000);
        self.cause = None;
        let target = node.map_or("world".to_string(), |node| format!("node {node}"));
        let mut args = json!({"kind": kind, "target": target, "address": "a7f3.01.2", "parameters": parameters});
        if parameters[0] > 0 {
            args["duration"] = parameters[0].into();
        }
        self.at(node, "fault", args);
    }

    fn storm(&mut self) {
        match self.below(5) {
            0 => {
                self.fault("network.partition", None, 40_000_000);
                for (from, to) in [(0, 2), (2, 0)] {
                    self.at(None, "network.cut", json!({"from": from, "to": to, "what": "cut"}));
                }
                self.after(5_000_000, 40_000_000);
                for (from, to) in [(0, 2), (2, 0)] {
                    self.at(None, "network.mend", json!({"from": from, "to": to, "what": "cut"}));
                }
            }
            1 => {
                self.fault("node.pause", Some(SERVER), 8_000_000);
                self.at(Some(SERVER), "node.pause", json!({}));
                self.after(2_000_000, 8_000_000);
                self.at(Some(SERVER), "node.resume", json!({}));
            }
            2 => self.crash("node.crash", "process"),
            3 => {
                self.fault("storage.sync-failure", Some(SERVER), 0);
                self.log("warn", "sync failed, the log is closed and opened again");
            }
            _ => self.fault("buggify", Some(SERVER), 0),
        }
    }

    fn crash(&mut self, kind: &str, how: &str) {
        self.fault(kind, Some(SERVER), 20_000_000);
        self.at(Some(SERVER), "node.crash", json!({"kind": how}));
        self.after(8_000_000, 20_000_000);
        self.incarnation += 1;
        self.at(Some(SERVER), "node.boot", json!({}));
        self.at(Some(SERVER), "storage.read", json!({"path": "data/wal", "bytes": 4096}));
        self.log("info", "recovered: 41 records, 0 cut");
    }

    fn traffic(&mut self, until: usize) {
        while self.events.len() < until {
            let client = CLIENTS[self.below(3) as usize];
            let (key, value) = (self.below(6), self.below(90));
            match self.below(3) {
                0 => self.ask(
                    client,
                    "get",
                    &format!("get k{key}"),
                    &format!("v{value}, version {}", self.operation),
                    true,
                ),
                1 => self.ask(client, "put", &format!("put k{key} = v{value}"), "stored", true),
                _ => self.ask(
                    client,
                    "swap",
                    &format!("swap k{key} to v{value} if version {}", self.operation),
                    "not that version",
                    true,
                ),
            };
            if self.below(9) == 0 {
                self.storm();
            }
        }
    }
}

/// A run of that many events, at most a few fewer or more, and what is told beside it.
pub(crate) fn sample(events: usize, seed: u64) -> (TraceFile, Story) {
    let mut made = Sample::new(seed);
    for node in [SERVER, 1, 2, 3] {
        made.at(Some(node), "node.boot", json!({}));
    }
    made.at(None, "phase", json!({"name": "chaos"}));
    made.fault_of("clock.step", Some(SERVER), [20_000_000_000, (-298_400_000_000i64).cast_unsigned()]);
    made.fault_of("clock.skew", Some(SERVER), [20_000_000_000, 250_000]);
    made.traffic(events.saturating_sub(130));
    made.log("info", HOSTILE);
    let first = made.ask(1, "put", "put k7 = v1", "stored, version 1", true);
    let second = made.ask(2, "put", "put k7 = v2", "stored, version 2", false);
    made.crash("machine.power-loss", "power");
    made.at(None, "phase", json!({"name": "quiesce"}));
    let third = made.ask(3, "get", "get k7", "v1, version 1", true);
    let args = json!({"site": "kv.no-lost-write", "kind": "always", "holds": false, "details": "k7 was v2, version 2"});
    made.at(Some(3), "assert", args);
    made.at(
        Some(3),
        "failure",
        json!({"message": "key k7: client 3 read version 1 after version 2 had been acknowledged"}),
    );
    let story = Story {
        bug: Some("ack-before-sync".into()),
        command: Some(format!(
            "cargo xtask replay kv --seed {seed} --bug ack-before-sync --overrides failures/lost-write/overrides.json"
        )),
        recipe: vec![
            "client 1 puts k7 = v1; the server syncs it and answers".into(),
            "client 2 puts k7 = v2; the server answers before it has synced".into(),
            "the server's machine loses power; the write of v2 is gone".into(),
            "the server starts again and recovers v1".into(),
            "client 3 gets k7 and is told v1: an acknowledged write is lost".into(),
        ],
        histories: vec![History {
            object: "k7".into(),
            state: "v2, version 2".into(),
            operations: history([first, second, third]),
        }],
    };
    (finish(made, seed), story)
}

fn history(times: [(u64, u64); 3]) -> Vec<HistoryOperation> {
    let told = [
        ("client 1", "put v1 -> version 1", Some((1, "v1, version 1"))),
        ("client 2", "put v2 -> version 2", Some((2, "v2, version 2"))),
        ("client 3", "get -> v1, version 1", None),
    ];
    let made = told.into_iter().zip(times).map(|((client, words, placed), (begun, ended))| HistoryOperation {
        client: client.into(),
        words: words.into(),
        begun,
        ended: Some(ended),
        place: placed.map(|(place, _)| place),
        state: placed.map(|(_, state)| state.into()),
        stuck: placed.is_none(),
        blamed: placed.is_none(),
    });
    made.collect()
}

fn finish(made: Sample, seed: u64) -> TraceFile {
    let machine = |id, name: &str| TraceMachine { id, name: name.into() };
    let node = |id, name: &str, role| TraceNode { id, name: name.into(), machine: id, role };
    let message = "key k7: client 3 read version 1 after version 2 had been acknowledged";
    let failure = made.events.len() as u64 - 1;
    let header = TraceHeader {
        wavetank: "trace".into(),
        version: VERSION,
        simulation: "kv".into(),
        seed,
        digest: "5a17c0ffee9b3d2261f04e88a1b2c3d4".into(),
        failures: vec![TraceFailure {
            message: message.into(),
            signature: "checker lost-write: key k#".into(),
            event: Some(failure),
            node: Some(3),
        }],
        machines: vec![
            machine(0, "server"),
            machine(1, "client"),
            machine(2, "client"),
            machine(3, "client"),
            machine(4, "director"),
        ],
        nodes: vec![
            node(0, "server", TraceRole::Process),
            node(1, "client", TraceRole::Workload),
            node(2, "client", TraceRole::Workload),
            node(3, "client", TraceRole::Workload),
            node(4, "director", TraceRole::Director),
        ],
        overrides: 0,
    };
    TraceFile { header, events: made.events }
}
