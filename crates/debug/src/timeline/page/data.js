// The data of the page, from columns to objects. Nothing is drawn here.

const PAGE = JSON.parse(document.getElementById("data").textContent);
const NONE = -1;

// A value of an argument: a number, a yes or no, or the place of a text in brackets.
const valueOf = (texts, value) => (Array.isArray(value) ? texts[value[0]] : value);

function decodeEvents(sheet) {
  const { texts, columns } = sheet;
  let n = 0;
  let t = 0;
  return columns.n.map((step, i) => {
    n += step;
    t += columns.t[i];
    const pairs = columns.args[i];
    const args = {};
    for (let at = 0; at < pairs.length; at += 2) args[texts[pairs[at]]] = valueOf(texts, pairs[at + 1]);
    return {
      i, n, t, args,
      lane: columns.lane[i],
      inc: columns.inc[i],
      group: sheet.groups[columns.group[i]],
      kind: texts[columns.kind[i]],
      task: columns.task[i] === NONE ? "" : texts[columns.task[i]],
      cause: columns.cause[i] === 0 ? NONE : i - columns.cause[i],
      also: [],
      link: null,
      operation: null,
    };
  });
}

function decodeRun(sheet, name) {
  if (!sheet) return null;
  const events = decodeEvents(sheet);
  for (const [i, places] of sheet.columns.also) events[i].also = places;
  const links = sheet.links.map(([departure, landing, lost]) => ({ departure, landing, lost: lost === 1 }));
  for (const link of links) {
    events[link.departure].link ??= link;
    if (link.landing !== NONE) events[link.landing].link = link;
  }
  const operations = sheet.operations.map(([begin, end], nth) => ({ nth, begin, end }));
  for (const operation of operations) {
    events[operation.begin].operation = operation;
    if (operation.end !== NONE) events[operation.end].operation = operation;
  }
  // What a disk was handed and what it gave back are two ends too.
  for (const event of events) {
    if (event.kind !== "storage.land" || event.cause === NONE || events[event.cause].kind !== "storage.submit") continue;
    event.submission = event.cause;
    events[event.cause].submission = event.i;
  }
  const bands = sheet.bands.map(([what, lanes, from, to, event]) => ({ what, lanes, from, to, event }));
  const counts = {};
  for (const event of events) counts[event.group] = (counts[event.group] ?? 0) + 1;
  return { name, sheet, events, links, operations, bands, counts, lanes: sheet.lanes, past: sheet.past, effects: null };
}

const RUNS = PAGE.runs.map((sheet, at) => decodeRun(sheet, PAGE.names?.[at] ?? "")).filter(Boolean);

// What an event made happen; found out for all when first asked for one.
function effectsOf(run, i) {
  if (!run.effects) {
    run.effects = new Map();
    for (const event of run.events) {
      for (const cause of [event.cause, ...event.also]) {
        if (cause === NONE) continue;
        const list = run.effects.get(cause);
        if (list) list.push(event.i);
        else run.effects.set(cause, [event.i]);
      }
    }
  }
  return run.effects.get(i) ?? [];
}

// An event and all that had a part in it, latest first.
function chainOf(run, i) {
  const found = new Set();
  const open = [i];
  while (open.length > 0) {
    const at = open.pop();
    if (at === NONE || found.has(at)) continue;
    found.add(at);
    const event = run.events[at];
    open.push(event.cause, ...event.also);
  }
  return [...found].sort((a, b) => b - a);
}

const isDeparture = (event) => event.link !== null && event.link.departure === event.i;
const isLanding = (event) => event.link !== null && event.link.landing === event.i;
const isBegin = (event) => event.operation !== null && event.operation.begin === event.i;

// The other end of a message or of an operation.
function partnerOf(event) {
  if (event.submission !== undefined) return event.submission;
  if (event.link) return isDeparture(event) ? event.link.landing : event.link.departure;
  if (event.operation) return isBegin(event) ? event.operation.end : event.operation.begin;
  return NONE;
}
