// What is shown: the view, what is filtered, which event is picked. It draws nothing:
// whoever changes it calls `refresh`.

const run = RUNS[0];
const other = RUNS[1] ?? null;
const HISTORIES = run?.sheet.story.histories ?? [];
const RED = (run?.sheet.failures.length ?? 0) > 0;

const STATE = {
  view: "past",
  picked: run?.past.failure ?? NONE,
  // Which run the picked event is of: 0, or 1 in the comparison.
  side: 0,
  hidden: new Set(),
  lane: NONE,
  query: "",
  even: true,
  zoom: { from: 0, to: 1 },
  opened: new Set(),
  large: false,
  detail: false,
};

let ROWS = [];
let ROW_OF = new Map();

function parseQuery(query) {
  const asked = { kinds: [], nodes: [], words: [] };
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    if (word.startsWith("kind:")) asked.kinds.push(word.slice(5));
    else if (word.startsWith("node:")) asked.nodes.push(word.slice(5));
    else asked.words.push(word);
  }
  return asked;
}

function matches(of, event, asked) {
  if (STATE.hidden.has(event.group)) return false;
  if (STATE.lane !== NONE && event.lane !== STATE.lane) return false;
  if (!asked.kinds.every((kind) => event.kind.includes(kind) || event.group.startsWith(kind) || String(event.args.kind ?? "").includes(kind))) return false;
  const lane = laneName(of, event.lane).toLowerCase();
  if (!asked.nodes.every((node) => lane.includes(node))) return false;
  return asked.words.every((word) => wordsOf(of, event).includes(word));
}

// The rows of a view: places of events, in order.
function computeRows() {
  const asked = parseQuery(STATE.query);
  let from = run.past.rows;
  if (STATE.view !== "past") from = run.events.keys();
  else if (STATE.opened.size > 0) {
    const all = new Set(from);
    for (const gap of STATE.opened) for (const i of gapBefore(gap)) all.add(i);
    from = [...all].sort((a, b) => a - b);
  }
  ROWS = [...from].filter((i) => matches(run, run.events[i], asked));
  ROW_OF = new Map(ROWS.map((i, row) => [i, row]));
}

// What the default view leaves out before one of its rows.
function gapBefore(i) {
  const rows = run.past.rows;
  const at = rows.indexOf(i);
  const from = at > 0 ? rows[at - 1] + 1 : 0;
  const gap = [];
  for (let one = from; one < i; one += 1) gap.push(one);
  return gap;
}

function setView(view) {
  if (view === "order" && HISTORIES.length === 0) return;
  if (view === "compare" && !other) return;
  STATE.view = view;
  if (view !== "compare") STATE.side = 0;
  STATE.zoom = { from: 0, to: 1 };
  refresh();
  if (view === "all") zoomToPicked();
  reveal();
}

// Picks an event and brings it into view, in the view where it is.
function pick(i, side = 0) {
  if (i === NONE || i === undefined) return;
  STATE.picked = i;
  STATE.side = side;
  if (side === 0 && STATE.view !== "compare" && !ROW_OF.has(i)) {
    if (STATE.view === "past" && STATE.query === "" && matches(run, run.events[i], parseQuery(""))) STATE.view = "all";
    else if (!matches(run, run.events[i], parseQuery(STATE.query))) clearFilters();
    if (STATE.view === "past" && !run.past.rows.includes(i)) STATE.view = "all";
  }
  if (STATE.view === "order") STATE.view = "past";
  refresh();
  reveal();
}

function clearFilters() {
  STATE.hidden.clear();
  STATE.lane = NONE;
  STATE.query = "";
}
