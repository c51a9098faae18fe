// The keys. Each is told in the overlay of `?`, from the very table that it acts by.

// From one event of a sort to the one before; from the first to where it began.
function cycle(anchor, candidates, back) {
  if (anchor === NONE && candidates.length === 0) return;
  const all = [...new Set([...candidates, ...(anchor === NONE ? [] : [anchor])])].sort((a, b) => a - b);
  const at = all.indexOf(STATE.picked);
  if (at === -1 || STATE.view === "compare") {
    if (STATE.view === "compare") STATE.view = "past";
    return pick(anchor === NONE ? all[all.length - 1] : anchor);
  }
  pick(all[(at + (back ? 1 : all.length - 1)) % all.length]);
}

const rowsOf = (test) => run.past.rows.filter((i) => test(run.events[i]));

function stepRow(by) {
  if (STATE.view === "compare") return stepPair(by > 0 ? 1 : -1);
  if (ROWS.length === 0) return;
  const row = ROW_OF.get(STATE.picked);
  const next = row === undefined ? ROWS.length - 1 : Math.min(ROWS.length - 1, Math.max(0, row + by));
  pick(ROWS[next]);
}

function toGroup(number) {
  const name = run.sheet.groups[number];
  if (STATE.hidden.has(name)) STATE.hidden.delete(name);
  else STATE.hidden.add(name);
  refresh();
}

function nextLane() {
  const lanes = MAP.lanes.filter((lane) => lane.used).map((lane) => lane.at);
  const at = lanes.indexOf(STATE.lane);
  STATE.lane = at + 1 < lanes.length ? lanes[at + 1] : NONE;
  refresh();
}

function toCause() {
  const of = STATE.side === 1 ? other : run;
  const cause = chainOf(of, STATE.picked).slice(1).find((i) => of.events[i].group !== "steps");
  if (cause !== undefined) pick(cause, STATE.side);
}

function toEffect() {
  const of = STATE.side === 1 ? other : run;
  const effect = reachedBy(of, STATE.picked).find((i) => of.events[i].group !== "steps");
  if (effect !== undefined) pick(effect, STATE.side);
}

function leave() {
  const help = document.getElementById("help");
  if (!help.hidden) return toggleHelp();
  if (STATE.detail) STATE.detail = false;
  else if (STATE.query !== "" || STATE.hidden.size > 0 || STATE.lane !== NONE) clearFilters();
  else if (STATE.opened.size > 0) STATE.opened.clear();
  else STATE.view = "past";
  document.getElementById("search").value = STATE.query;
  document.activeElement?.blur();
  refresh();
  reveal();
}

const KEYS = [
  ["Go to", [
    ["x", "the failure", () => { if (STATE.view === "compare") STATE.view = "past"; pick(run.past.failure); }],
    ["o", "the failing operation, or the last one; again: the one before", (back) => cycle(run.past.operation, rowsOf(isBegin), back)],
    ["m", "the last message before the failure; again: the one before", (back) => cycle(run.past.message, rowsOf((event) => isLanding(event) && event.i <= run.past.failure), back)],
    ["f", "its fault; again: the one before", (back) => cycle(run.past.fault, rowsOf((event) => event.group === "faults"), back)],
    ["b", "what the picked event happened because of", toCause],
    ["e", "what it led to", toEffect],
    ["p", "its other end: departure or landing, question or answer", () => pick(partnerOf((STATE.side === 1 ? other : run).events[STATE.picked]), STATE.side)],
  ]],
  ["Rows", [
    ["j", "down; also ↓", () => stepRow(1)],
    ["k", "up; also ↑", () => stepRow(-1)],
    ["g", "first row", () => stepRow(-1e9)],
    ["G", "last row", () => stepRow(1e9)],
    ["Enter", "all about the picked event", () => { STATE.detail = !STATE.detail; refresh(); reveal(); }],
    ["u", "unfold what is left out before it", () => openGap(STATE.picked)],
  ]],
  ["View", [
    ["a", "all events, or the past of the failure", () => setView(STATE.view === "all" ? "past" : "all")],
    ["s", "the order of a history that is not linearizable", () => setView(STATE.view === "order" ? "past" : "order")],
    ["c", "beside the other run", () => setView(STATE.view === "compare" ? "past" : "compare")],
    ["d", "first difference to the other run", goToDifference],
    ["z", "large rows, or the lanes above them", () => { STATE.large = !STATE.large; refresh(); reveal(); }],
    ["i", "light or dark", toggleTheme],
  ]],
  ["Find", [
    ["/", "search in all events: words, kind:tcp, node:server", () => { const box = document.getElementById("search"); box.focus(); box.select(); }],
    ["n", "next match", () => stepRow(1)],
    ["N", "match before", () => stepRow(-1)],
    ["1 … 0", "show or hide a kind: failure, operations, faults …", null],
    ["l", "one node alone, the next, all", nextLane],
    ["Esc", "back, a step at a time", leave],
  ]],
  ["Lanes", [
    ["+", "closer", () => zoomBy(0.6, pickedPart())],
    ["-", "farther", () => zoomBy(1.6, pickedPart())],
    ["w", "the whole", () => { STATE.zoom = { from: 0, to: 1 }; drawMap(); }],
    ["←", "earlier", () => panBy(-0.2)],
    ["→", "later", () => panBy(0.2)],
    ["t", "even or true time", () => { STATE.even = !STATE.even; refresh(); }],
  ]],
  ["Else", [
    ["r", "copy the line that reproduces this", copyCommand],
    ["?", "this help", toggleHelp],
  ]],
];

// Where the picked event stands in the map, as a part of its width.
function pickedPart() {
  const event = mapRun().events[STATE.picked];
  if (!event || !MAP.scale) return 0.5;
  const part = (MAP.scale.toUnit(event.t) - STATE.zoom.from) / (STATE.zoom.to - STATE.zoom.from);
  return part >= 0 && part <= 1 ? part : 0.5;
}

const ALIASES = { ArrowDown: "j", ArrowUp: "k", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", "=": "+", Home: "g", End: "G" };
const ACTIONS = new Map(KEYS.flatMap(([, keys]) => keys).map(([key, , action]) => [key, action]));

function onKey(pressed) {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
  const typing = pressed.target instanceof HTMLInputElement;
  if (typing && pressed.key !== "Escape" && pressed.key !== "Enter") return;
  if (typing && pressed.key === "Enter") return pressed.target.blur();
  if (pressed.target instanceof HTMLButtonElement && (pressed.key === "Enter" || pressed.key === " ")) return;
  if (pressed.key === "PageDown" || pressed.key === "PageUp") {
    stepRow(pressed.key === "PageDown" ? 15 : -15);
    return pressed.preventDefault();
  }
  if (/^[0-9]$/.test(pressed.key)) return toGroup((Number(pressed.key) + 9) % 10);
  const upper = "OMF".includes(pressed.key);
  const key = upper ? pressed.key.toLowerCase() : ALIASES[pressed.key] ?? pressed.key;
  const action = ACTIONS.get(key);
  if (!action) return;
  pressed.preventDefault();
  action(upper);
}

function makeHelp() {
  return element("div", { id: "help", role: "dialog", "aria-label": "keys", hidden: true, onclick: toggleHelp }, element("div", { class: "card" },
    element("h1", {}, "Keys", element("small", {}, "with Shift, o m f go the other way")),
    element("div", { class: "columns" }, KEYS.map(([name, keys]) => element("section", {}, heading(name), element("dl", {}, keys.map(([key, words]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, words)])))))));
}

function toggleHelp() {
  const help = document.getElementById("help");
  help.hidden = !help.hidden;
}
