// Two runs side by side: what is the same is folded, the first difference is marked, and
// what corresponds after it stands on one row.

const PAIRS = (PAGE.comparison?.rows ?? []);
const FIRST = PAGE.comparison?.first ?? null;

function pairRows() {
  const asked = parseQuery(STATE.query);
  const fits = (of, i) => i !== NONE && matches(of, of.events[i], asked);
  return PAIRS.filter(([a, b]) => fits(run, a) || fits(other, b));
}

let SHOWN_PAIRS = [];

// An event where the runs part, unless it stands beside a later event of the other run.
const inDifference = (i, side) => (PAIRS.some((pair) => pair[side] === i && pair[1 - side] !== NONE && pair[1 - side] !== FIRST[1 - side]) ? NONE : i);

function cell(of, i, side, alone) {
  if (i === NONE) return element("div", { class: "cell empty" });
  const event = of.events[i];
  const { text, more } = describe(of, event);
  return element("div", {
    class: `cell ${event.group}${alone ? " alone" : ""}`, "data-event": i, "aria-selected": STATE.side === side && STATE.picked === i,
    onclick: () => { pick(i, side); },
  },
    element("span", { class: "time" }, timeText(event.t)),
    element("span", { class: "who" }, ownerText(of, event)),
    element("span", { class: `glyph ${colourName(event)}` }, glyphOf(event)),
    element("span", { class: "what", title: more ? `${text} — ${more}` : text }, text, more ? element("span", { class: "more" }, more) : null));
}

// The rows before the difference that give it a place to stand on.
function commonRows() {
  const end = FIRST ? (FIRST[0] === NONE ? run.events.length : FIRST[0]) : run.events.length;
  const rows = [];
  for (let i = end - 1; i >= 0 && rows.length < 4; i -= 1) if (run.events[i].group !== "steps") rows.unshift(i);
  return { rows, count: end };
}

const firstWords = (of, i) => (i === NONE ? "the run is over" : `${ownerText(of, of.events[i])}: ${describe(of, of.events[i]).text}`);

function comparePart() {
  const { count } = commonRows();
  if (!FIRST) return element("section", { class: "verdict green" }, heading("The runs are the same"), element("p", {}, `All ${countText(run.events.length)} events agree.`));
  const at = FIRST[0] === NONE ? other.events[FIRST[1]] : run.events[FIRST[0]];
  return element("section", { class: "verdict" }, heading("First difference", element("kbd", {}, "d")),
    element("p", { class: "at" }, `after ${countText(count)} events that agree, at ${timeText(at.t)} s`),
    element("dl", { class: "sides" }, element("dt", {}, run.name), element("dd", {}, firstWords(run, FIRST[0])), element("dt", {}, other.name), element("dd", {}, firstWords(other, FIRST[1]))));
}

const verdictOf = (of) => (of.sheet.failures.length > 0 ? `red: ${of.sheet.failures[0].message.split("\n")[0]}` : "green");

function drawCompare() {
  const host = document.getElementById("compare");
  host.hidden = STATE.view !== "compare";
  if (host.hidden) return;
  const common = commonRows();
  SHOWN_PAIRS = pairRows();
  const pair = (a, b) => element("div", { class: "pair" }, cell(run, a, 0, b === NONE), cell(other, b, 1, a === NONE));
  const shift = (i) => i;
  const [first, second] = FIRST ? FIRST.map(inDifference) : [NONE, NONE];
  const difference = FIRST && element("div", { class: "pair difference", id: "difference" }, element("p", {}, "first difference"), cell(run, first, 0, true), cell(other, second, 1, true));
  const rest = SHOWN_PAIRS.filter(([a, b]) => !(a !== NONE && a === first || b !== NONE && b === second));
  const shown = rest.slice(0, 400);
  host.replaceChildren(
    element("div", { class: "pair head" }, [run, other].map((of, side) => element("div", { class: `cell head ${of.sheet.failures.length > 0 ? "red" : "green"}` },
      element("b", {}, of.name), element("span", {}, `seed ${of.sheet.seed}${of.sheet.story.bug ? ` · bug ${of.sheet.story.bug}` : ""} · ${of.sheet.overrides} overrides`), element("em", { title: verdictOf(of) }, of.sheet.failures.length > 0 ? "✕ red" : "✓ green")))),
    element("p", { class: "same" }, `${countText(common.count)} events are the same`),
    ...common.rows.map((i) => pair(i, shift(i))),
    difference ?? "",
    ...shown.map(([a, b]) => pair(a, b)),
    rest.length > shown.length ? element("p", { class: "same" }, `${countText(rest.length - shown.length)} more rows`) : "");
}

function revealPair() {
  const host = document.getElementById("compare");
  const cells = host?.querySelectorAll(`[data-event="${STATE.picked}"]`) ?? [];
  [...cells].find((one) => one.getAttribute("aria-selected") === "true")?.scrollIntoView({ block: "nearest" });
}

function goToDifference() {
  if (!FIRST) return;
  if (STATE.view !== "compare") setView("compare");
  if (FIRST[0] !== NONE) pick(FIRST[0], 0);
  else pick(FIRST[1], 1);
  document.getElementById("difference")?.scrollIntoView({ block: "center" });
}

// The next row of the comparison, on the same side if it is there too.
function stepPair(by) {
  const cells = [...document.querySelectorAll("#compare .cell[data-event]")];
  const rows = [...document.querySelectorAll("#compare .pair:not(.head)")];
  const now = cells.find((one) => one.getAttribute("aria-selected") === "true");
  const at = now ? rows.indexOf(now.parentElement) : -1;
  for (let next = at + by; next >= 0 && next < rows.length; next += by) {
    const inRow = [...rows[next].querySelectorAll(".cell[data-event]")];
    if (inRow.length === 0) continue;
    const sides = inRow.map((one) => (one === one.parentElement.querySelectorAll(".cell")[0] ? 0 : 1));
    const chosen = Math.max(0, sides.indexOf(STATE.side));
    return pick(Number(inRow[chosen].dataset.event), sides[chosen]);
  }
}
