// The side: what failed, how it came about, where to go, how to see it again; below it
// the picked event in full. The story first, details on demand.

const heading = (text, ...more) => element("h2", {}, text, ...more);

function failurePart() {
  const failures = run.sheet.failures;
  if (failures.length === 0) return element("section", { class: "verdict green" }, heading("This run is green"), element("p", {}, "It ended without a failure; the rows end with its last event."));
  const first = failures[0];
  const event = run.events[run.past.failure];
  const where = first.lane === null || first.lane === undefined ? "" : ` on ${laneName(run, first.lane)}`;
  const lines = first.message.split("\n");
  return element("section", { class: "verdict" },
    heading("What failed"),
    element("p", { class: "message" }, headline(lines[0])),
    lines.length > 1 && HISTORIES.length === 0 ? element("p", { class: "message-rest" }, lines.slice(1).join("\n")) : null,
    element("p", { class: "at" }, `at ${timeText(event.t)} s${where}`),
    HISTORIES.length > 0 ? element("button", { type: "button", class: "to-order", onclick: () => setView("order") }, "its operations in order", element("kbd", {}, "s")) : null,
    failures.slice(1, 4).map((more) => element("p", { class: "message-rest" }, `also: ${more.message.split("\n")[0]}`)),
  );
}

// What is quoted in a message says what is wrong; who and where is said more quietly.
function headline(text) {
  const checker = /^(checker `[^`]+`:) (.+)$/s.exec(text);
  if (checker) return [element("small", {}, checker[1]), element("b", {}, checker[2])];
  const found = /^(.*?)"([^"]{8,})"(.*)$/s.exec(text);
  if (!found) return text;
  return [element("small", {}, found[1]), element("b", {}, found[2]), element("small", {}, found[3])];
}

// A line of the recipe, which may begin with its time: then it leads to what happened.
function recipeLine(line) {
  const found = /^\s*(\d+\.\d+) s\s+(.*)$/s.exec(line);
  if (!found) return element("li", {}, element("span", {}, line));
  const time = Number(found[1]) * 1e9;
  const last = found[2].startsWith("then: ");
  const near = last ? run.past.failure : eventAt(time);
  return element("li", { class: "timed" }, element("button", { type: "button", onclick: () => pick(near) },
    element("time", {}, Number(found[1]).toFixed(3)), element("span", {}, last ? "the run fails" : found[2])));
}

// The fault or operation nearest to a time that was told in whole microseconds.
function eventAt(time) {
  let best = NONE;
  for (const event of run.events) {
    if (event.group !== "faults" && event.group !== "operations") continue;
    if (best === NONE || Math.abs(event.t - time) < Math.abs(run.events[best].t - time) - 1000) best = event.i;
  }
  return best;
}

function recipePart() {
  const { recipe } = run.sheet.story;
  if (recipe.length > 0) return element("section", {}, heading("How it came about"), element("ol", { class: "recipe" }, recipe.map(recipeLine)));
  if (!RED || run.sheet.overrides > 0) return null;
  return element("section", {}, heading("How it came about"),
    element("p", { class: "hint" }, "Not shrunk yet. A shrunk seed has few faults and operations, and says here in words what they do:"),
    element("code", { class: "command" }, `cargo xtask shrink ${run.sheet.simulation} --seed ${run.sheet.seed}${run.sheet.story.bug ? ` --bug ${run.sheet.story.bug}` : ""}`));
}

function goToPart() {
  if (!RED) return null;
  const { past } = run;
  const items = [["x", "the failure", past.failure], ["o", operationName().replace(/^failing/, "its"), past.operation], ["m", "last message", past.message], ["f", "its fault", past.fault]];
  return element("section", { class: "goto" }, heading("Go to"), items.map(([key, name, i]) => {
    if (i === NONE) return element("p", { class: "absent" }, element("kbd", {}, key), element("span", {}, name), element("em", {}, "none"));
    const event = run.events[i];
    return element("button", { type: "button", class: STATE.picked === i && STATE.side === 0 ? "here" : "", onclick: () => pick(i) },
      element("kbd", {}, key), element("span", {}, name), element("em", {}, key === "x" ? `${timeText(event.t)} s` : describe(run, event).text));
  }));
}

// Operations of the past, the failing one marked: what clients saw.
function operationsPart() {
  const { past } = run;
  const rows = new Set(past.rows);
  const seen = run.operations.filter((one) => rows.has(one.begin) || rows.has(one.end)).slice(-12);
  if (seen.length === 0) return null;
  return element("section", { class: "operations" }, heading("Operations", element("small", {}, seen.length < run.operations.length ? `last ${seen.length} of ${run.operations.length}` : "")),
    seen.map((one) => {
      const begin = run.events[one.begin];
      const end = one.end === NONE ? null : run.events[one.end];
      const failing = RED && past.failing && one.begin === past.operation;
      return element("button", { type: "button", class: failing ? "failing" : "", onclick: () => pick(one.begin) },
        element("b", {}, String(begin.args.client ?? laneName(run, begin.lane))),
        element("span", {}, String(begin.args.words ?? begin.args.verb ?? "")),
        element("em", {}, end ? String(end.args.words ?? end.args.answer ?? "done") : "no answer"));
    }));
}

function againPart() {
  const { sheet } = run;
  const command = sheet.story.command ?? `cargo xtask replay ${sheet.simulation} --seed ${sheet.seed}${sheet.story.bug ? ` --bug ${sheet.story.bug}` : ""}`;
  const copied = element("button", { type: "button", id: "copy", onclick: copyCommand }, "copy", element("kbd", {}, "r"));
  return element("section", { class: "again" }, heading("See it again", copied), element("code", { class: "command", id: "command" }, command),
    element("p", { class: "facts" }, `${countText(sheet.events)} events · ${sheet.overrides} overrides · digest ${sheet.digest.slice(0, 12)}`,
      sheet.left_out > 0 ? element("b", {}, ` · ${countText(sheet.left_out)} steps of the simulator are left out`) : null));
}

function copyCommand() {
  const text = document.getElementById("command")?.textContent ?? "";
  const done = () => { const made = document.getElementById("copy"); made.firstChild.textContent = "copied"; setTimeout(() => { made.firstChild.textContent = "copy"; }, 1500); };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => selectText("command"));
  else selectText("command");
}

function selectText(id) {
  const range = document.createRange();
  range.selectNodeContents(document.getElementById(id));
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

// The picked event: every argument, and what it hangs together with.
function detailPart() {
  const of = STATE.side === 1 ? other : run;
  const event = of.events[STATE.picked];
  if (!event) return null;
  const { text, more } = describe(of, event);
  const facts = [["event", countText(event.n)], ["time", `${timeText(event.t)} s`], ["who", ownerText(of, event)], ["kind", event.kind]];
  if (event.task) facts.push(["task", event.task]);
  const args = Object.entries(event.args).filter(([, value]) => value !== null && value !== "");
  const jump = (i) => element("button", { type: "button", onclick: () => pick(i, STATE.side) },
    element("span", { class: `glyph ${colourName(of.events[i])}` }, glyphOf(of.events[i])), element("span", {}, describe(of, of.events[i]).text), element("em", {}, ownerText(of, of.events[i])));
  const told = (i) => of.events[i].group !== "steps";
  const because = chainOf(of, event.i).slice(1).filter(told).slice(0, 6);
  const effects = reachedBy(of, event.i).filter(told).slice(0, 6);
  const partner = partnerOf(event);
  return [
    element("div", { class: "detail-head" }, element("span", { class: `glyph ${colourName(event)}` }, glyphOf(event)), element("b", {}, text),
      element("button", { type: "button", title: "close (Esc)", "aria-label": "close", onclick: () => { STATE.detail = false; refresh(); } }, "×")),
    more ? element("p", { class: "detail-more" }, more) : null,
    element("dl", {}, [...facts, ...args].map(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))])),
    partner !== NONE ? [heading("other end", element("kbd", {}, "p")), jump(partner)] : null,
    because.length > 0 ? [heading("because of", element("kbd", {}, "b")), because.map(jump)] : null,
    effects.length > 0 ? [heading("led to", element("kbd", {}, "e")), effects.map(jump)] : null,
  ].flat(3);
}

// What an event led to, nearest first; as far as a reader wants to know.
function reachedBy(of, i) {
  const found = [];
  const open = [i];
  const seen = new Set(open);
  while (open.length > 0 && found.length < 60) {
    for (const effect of effectsOf(of, open.shift())) {
      if (seen.has(effect)) continue;
      seen.add(effect);
      found.push(effect);
      open.push(effect);
    }
  }
  return found.sort((a, b) => a - b);
}

function drawSide() {
  const story = document.getElementById("story");
  const parts = STATE.view === "compare" ? [comparePart(), failurePart(), againPart()] : [failurePart(), recipePart(), goToPart(), operationsPart(), againPart()];
  story.replaceChildren(...parts.filter(Boolean));
  const detail = document.getElementById("detail");
  detail.hidden = !STATE.detail;
  if (STATE.detail) detail.replaceChildren(...detailPart().filter(Boolean));
}
