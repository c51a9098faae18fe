// Events in words: times, sizes, who, what. How they look is the style's matter.

const THIN = "\u2009";

// Seconds with nine places would be noise: as many as tell events apart, in threes.
function timeText(ns) {
  const whole = Math.floor(ns / 1e9);
  const rest = String(Math.floor((ns % 1e9) / 1e3)).padStart(6, "0");
  return `${whole}.${rest.slice(0, 3)}${THIN}${rest.slice(3)}`;
}

function spanText(ns) {
  if (ns < 1e3) return `${ns}${THIN}ns`;
  const [size, unit] = ns < 1e6 ? [1e3, "µs"] : ns < 1e9 ? [1e6, "ms"] : [1e9, "s"];
  const value = ns / size;
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)}${THIN}${unit}`;
}

function sizeText(bytes) {
  if (bytes < 1024) return `${bytes}${THIN}B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)}${THIN}KiB` : `${(bytes / 1048576).toFixed(1)}${THIN}MiB`;
}

const countText = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, THIN);

const FAULTS = {
  "node.crash": "process crash", "machine.crash": "machine crash", "machine.power-loss": "power loss",
  "node.pause": "process stands still", "clock.step": "clock step", "clock.skew": "clock skew",
  "timer.late": "late timer", "poll.cost": "slow poll", "buggify": "buggify",
  "network.partition": "network partition", "network.slow": "slow link", "network.delay-spike": "delay spike",
  "network.segment-loss": "segment lost", "network.connect-refused": "connection refused",
  "network.connect-hang": "connection hangs", "network.clog": "link holds everything", "network.reset": "connection reset",
  "network.datagram-loss": "datagram lost", "network.datagram-duplicate": "datagram duplicated",
  "network.short-read": "short read", "network.short-write": "short write",
  "storage.sync-failure": "sync fails", "storage.lost": "write lost", "storage.torn": "write torn",
  "storage.size-lost": "file size lost", "storage.entry-lost": "directory entry lost",
  "storage.in-flight-lost": "write in flight lost", "storage.slow": "slow disk", "storage.wiped": "disk wiped",
};

const GLYPHS = {
  failure: "✕", operations: "◖", faults: "◆", nodes: "●", messages: "→", disk: "■",
  logs: "≡", assertions: "✓", phases: "§", steps: "·",
};

// A fault's family: it decides the shade.
function familyOf(kind) {
  const prefix = kind.split(".")[0];
  if (prefix === "node" || prefix === "machine") return "process";
  if (prefix === "network" || prefix === "storage") return prefix;
  return prefix === "buggify" ? "buggify" : "clock";
}

const isViolated = (event) => event.kind === "history" || (event.group === "assertions" && event.args.holds === false && event.args.kind !== "sometimes");

const laneName = (run, lane) => run.lanes[lane]?.name ?? "world";

function ownerText(run, event) {
  const lane = laneName(run, event.lane);
  return event.inc > 1 ? `${lane} #${event.inc}` : lane;
}

// What a fault or a network event was aimed at, by the names that the page uses.
function targetText(run, text) {
  if (typeof text !== "string") return "";
  const named = (what, id, all) => run.lanes.find((one) => one[what] === Number(id))?.name ?? all;
  return text
    .replace(/\b(node|machine) (\d+)\b/g, (all, what, id) => named(what, id, all))
    .replace(/^link (\d+) -> (\d+)$/, (all, from, to) => `${named("machine", from, from)} → ${named("machine", to, to)}`);
}

// Which way a fault puts a clock: its second number, negative in two's complement.
function clockText(args) {
  if (args.kind !== "clock.step" && args.kind !== "clock.skew") return "";
  const amount = Number(BigInt.asIntN(64, BigInt(String(args.parameters).match(/\d+/g)?.[1] ?? 0)));
  const size = Math.abs(amount);
  if (args.kind === "clock.step") return `${spanText(size)} ${amount < 0 ? "behind" : "ahead"}`;
  return `${countText(Math.floor(size / 1000))}${THIN}ppm ${amount < 0 ? "slow" : "fast"}`;
}

const SAID_ELSEWHERE = new Set(["due", "cycle", "duration", "message", "level", "words", "client", "verb", "address", "kind", "target", "hash", "parameters", "from", "to"]);

function argsText(event, shown = new Set()) {
  const parts = [];
  for (const [name, value] of Object.entries(event.args)) {
    if (value === null || value === "" || shown.has(name) || SAID_ELSEWHERE.has(name)) continue;
    if ((name === "bytes" && value === 0) || (name === "verdict" && value === "ok")) continue;
    parts.push(name === "bytes" || name === "len" ? sizeText(value) : name === "duration" ? spanText(value) : `${name} ${value}`);
  }
  return parts.join(" · ");
}

// What the key `o` leads to: the one that failed, if that is known.
function operationName() {
  const { operation, failing, failure } = run.past;
  const event = run.events[operation];
  if (!event || failing) return "failing operation";
  if (!isBegin(event)) return event.group === "assertions" ? "failing assertion" : "failing task";
  const { end } = event.operation;
  return end === NONE || end > failure ? "under way" : "last operation";
}

function operationText(run, event) {
  const { operation, args } = event;
  const client = String(args.client ?? "");
  const who = client === "" || client === laneName(run, event.lane) ? "" : `${client}: `;
  const begin = operation ? run.events[operation.begin] : event;
  const asked = String(begin.args.words ?? begin.args.verb ?? "");
  if (event.kind === "op.begin") {
    return { text: `${who}${asked}`, more: operation && operation.end === NONE ? "never answered" : "" };
  }
  const answer = String(args.words ?? args.answer ?? "done");
  return { text: `${who}${asked} ⇒ ${answer}`, more: operation ? `after ${spanText(event.t - begin.t)}` : "" };
}

const MESSAGE_ARGS = new Set(["bytes", "conn", "side", "what", "due", "to", "from", "end", "offset", "client", "server", "attempt"]);
const NETWORK_WORDS = { cut: "link is cut", mend: "link is whole again", slowed: "link becomes slow", clogged: "link holds everything" };
const PLAIN = new Set(["depart", "land", "lost", "drop"]);

const machineName = (run, id) => run.lanes.find((lane) => lane.machine === id)?.name ?? `machine ${id}`;

function messageText(run, event) {
  const { args, link } = event;
  const kind = event.kind.replace(/^(tcp|udp|network)\./, "");
  const size = args.bytes ? sizeText(args.bytes) : "";
  const what = [args.what ?? (PLAIN.has(kind) ? "datagram" : kind), size].filter(Boolean).join(" ");
  const again = args.attempt > 0 ? `attempt ${args.attempt + 1}` : "";
  const faults = typeof args.faults === "string" ? args.faults.split(" ").map((name) => FAULTS[name] ?? name).join(", ") : "";
  const more = (...first) => [...first, again, faults].filter(Boolean).join(" · ");
  if (link && isDeparture(event)) {
    const to = link.landing === NONE ? machineName(run, args.to) : laneName(run, run.events[link.landing].lane);
    const fate = link.lost ? "is lost" : link.landing === NONE ? "never lands" : "";
    return { text: `${what} to ${to}`, more: more(fate) };
  }
  if (link) {
    const departure = run.events[link.departure];
    const sent = !departure.args.bytes ? what : `${departure.args.what ?? "datagram"} ${sizeText(departure.args.bytes)}`;
    const fate = link.lost ? " is lost" : "";
    return { text: `${sent} from ${laneName(run, departure.lane)}${fate}`, more: more(`after ${spanText(event.t - departure.t)}`) };
  }
  if (event.kind.startsWith("network.")) {
    const word = NETWORK_WORDS[kind] ?? kind;
    return { text: `${word}: ${machineName(run, args.from)} → ${machineName(run, args.to)}`, more: args.nanos ? `by ${spanText(args.nanos)}` : "" };
  }
  return { text: what, more: more(args.conn ? `connection ${args.conn}` : "", kind === "connect" && args.to ? `to ${args.to}` : "", argsText(event, MESSAGE_ARGS)) };
}

const NODE_WORDS = { boot: "starts", crash: "dies", pause: "stands still", resume: "goes on", exit: "ends" };

const LOSSES = { write: "a write", size: "a file's size", entry: "a directory entry" };

function diskText(run, event) {
  const { kind, args } = event;
  const path = args.path || "the directory";
  if (kind === "storage.submit") return { text: `asks to ${args.op} ${path}${args.to ? ` to ${args.to}` : ""}`, more: argsText(event, new Set(["path", "op", "to"])) };
  if (kind === "storage.land") {
    const asked = event.submission === undefined ? event : run.events[event.submission];
    const bad = args.verdict && args.verdict !== "ok" ? `: ${args.verdict}` : "";
    return { text: `${args.op} ${path}${asked.args.to ? ` to ${asked.args.to}` : ""}${bad}`, more: asked === event ? "" : `after ${spanText(event.t - asked.t)}` };
  }
  if (kind === "storage.lost" || kind === "storage.torn") {
    const what = LOSSES[args.what] ?? args.what;
    return { text: `${what} of ${path} is ${kind === "storage.lost" ? "lost" : "torn"}`, more: argsText(event, new Set(["path", "what"])) };
  }
  return { text: `${kind.replace("storage.", "")} ${args.path ?? ""}`.trim(), more: argsText(event, new Set(["path"])) };
}

// An event in words: the text that a row shows, and what is less important.
function describe(run, event) {
  const { kind, args } = event;
  switch (event.group) {
    case "failure":
      return { text: run.sheet.failures[0]?.message ?? args.message ?? "the run is red", more: "" };
    case "operations":
      return operationText(run, event);
    case "faults": {
      const name = FAULTS[args.kind] ?? args.kind ?? kind;
      const target = targetText(run, args.target);
      const lasts = args.duration ? `for ${spanText(args.duration)}` : "";
      const rest = argsText(event);
      return { text: target && target !== "world" ? `${name}: ${target}` : name, more: [clockText(args), lasts, rest].filter(Boolean).join(" · ") };
    }
    case "messages":
      return messageText(run, event);
    case "nodes": {
      const word = NODE_WORDS[kind.split(".")[1]] ?? kind;
      const how = args.kind ? ` (${FAULTS[args.kind] ?? args.kind})` : "";
      const again = kind === "node.boot" && event.inc > 1 ? " again" : "";
      return { text: `${laneName(run, event.lane)} ${word}${again}${how}`, more: argsText(event) };
    }
    case "disk":
      return diskText(run, event);
    case "logs": {
      const level = String(args.level ?? "").toUpperCase();
      return { text: `${level} ${args.message ?? ""}`.trim(), more: [args.span, args.target].filter(Boolean).join(" · "), level };
    }
    case "assertions": {
      const holds = isViolated(event) ? "violated" : args.holds === false ? "not so" : "";
      if (kind === "history") return { text: args.violation === undefined ? String(args.words) : "no order explains this history", more: "" };
      // A site is `module: "words" (kind, file:line)`: the words come first.
      const site = /^(.*?): "(.*)" \((.*)\)$/s.exec(args.site ?? "");
      const text = site ? site[2] : args.site ?? kind;
      return { text: `${text} ${holds}`.trim(), more: [args.details, site ? site[3] : args.kind, site?.[1]].filter(Boolean).join(" · ") };
    }
    case "phases":
      return { text: `phase ${args.name ?? ""}`, more: argsText(event, new Set(["name"])) };
    default:
      return { text: kind.replace(".", " "), more: argsText(event) };
  }
}

function glyphOf(event) {
  if (event.group === "messages" && isLanding(event)) return "←";
  if (event.group === "messages" && event.link?.lost) return "⇢";
  if (event.group === "operations" && !isBegin(event)) return "◗";
  if (isViolated(event)) return "✕";
  if (event.group === "nodes" && event.kind === "node.crash") return "○";
  return GLYPHS[event.group];
}

// All words of an event, for the search.
function wordsOf(run, event) {
  event.words ??= `${event.kind} ${ownerText(run, event)} ${describe(run, event).text} ${describe(run, event).more} ${Object.values(event.args).join(" ")}`.toLowerCase();
  return event.words;
}
