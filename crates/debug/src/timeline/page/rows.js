// The rows: one event each, in order, with the lanes drawn beside them. Only those in
// sight are elements.

const ROW = 23;
const GUTTER = { step: 18, left: 12 };

// The lanes that have rows, from left to right.
function gutterLanes() {
  const used = new Set(ROWS.map((i) => run.events[i].lane));
  for (const i of run.past.rows) used.add(run.events[i].lane);
  const lanes = [...used].sort((a, b) => a - b);
  const step = Math.min(GUTTER.step, Math.max(8, 200 / lanes.length));
  return { lanes, step, width: GUTTER.left * 2 + step * (lanes.length - 1), x: (lane) => GUTTER.left + lanes.indexOf(lane) * step };
}

function tagsOf(i) {
  const { past } = run;
  const tags = [];
  if (RED && i === past.failure) tags.push(["failure", "failure", "x"]);
  if (RED && i === past.operation) tags.push(["operation", operationName(), "o"]);
  if (RED && i === past.message) tags.push(["message", "last message", "m"]);
  if (RED && i === past.fault) tags.push(["fault", "its fault", "f"]);
  return tags;
}

function makeRow(i, row, words) {
  const event = run.events[i];
  const { text, more, level } = describe(run, event);
  const before = row > 0 ? run.events[ROWS[row - 1]] : null;
  const left = STATE.view === "past" && STATE.query === "" ? i - (before ? before.i + 1 : 0) : 0;
  const gap = left > 0 && !STATE.opened.has(i)
    ? element("button", { class: "gap", type: "button", tabindex: "-1", title: `${countText(left)} events before this one are not shown; click to see them`, onclick: (click) => { click.stopPropagation(); openGap(i); } }, `+${countText(left)}`)
    : element("span", { class: "gap" });
  const made = element("div", {
    class: `row ${event.group}${level ? ` ${level.toLowerCase()}` : ""}${isViolated(event) ? " violated" : ""}${run.past.rows.includes(i) ? "" : " aside"}`,
    role: "row", "data-event": i, "data-n": event.n, "aria-selected": STATE.side === 0 && STATE.picked === i,
    onclick: () => pick(i),
    ondblclick: () => { STATE.detail = true; refresh(); },
  },
    gap,
    element("span", { class: "gutter-space" }),
    element("span", { class: "time", title: `event ${event.n}` }, timeText(event.t)),
    element("span", { class: "since" }, before && event.t > before.t ? `+${spanText(event.t - before.t)}` : ""),
    element("span", { class: "who" }, ownerText(run, event)),
    element("span", { class: `glyph ${colourName(event)}`, "aria-label": event.group }, glyphOf(event)),
    element("span", { class: "what", title: more ? `${text} — ${more}` : text }, marked(text, words), more ? element("span", { class: "more" }, marked(more, words)) : null),
    element("span", { class: "tags" }, tagsOf(i).map(([name, word, key]) => element("span", { class: `tag ${name}` }, word, element("kbd", {}, key)))),
  );
  made.style.top = `${row * ROW}px`;
  return made;
}

function openGap(i) {
  STATE.opened.add(i);
  refresh();
}

function drawRows() {
  const host = document.getElementById("rows");
  if (!host || host.hidden) return;
  const list = document.getElementById("row-list");
  list.style.height = `${ROWS.length * ROW + 8}px`;
  const gutter = gutterLanes();
  host.style.setProperty("--gutter", `${gutter.width}px`);
  const { words } = parseQuery(STATE.query);
  const first = Math.max(0, Math.floor(host.scrollTop / ROW) - 6);
  const last = Math.min(ROWS.length, Math.ceil((host.scrollTop + host.clientHeight) / ROW) + 6);
  const rows = [];
  for (let row = first; row < last; row += 1) rows.push(makeRow(ROWS[row], row, words));
  list.replaceChildren(...rows);
  if (ROWS.length === 0) list.append(element("p", { class: "nothing" }, "Nothing matches. ", element("kbd", {}, "Esc"), " takes the filters away."));
  drawGutter(host, gutter);
  drawHead(gutter);
}

function drawHead(gutter) {
  const head = document.getElementById("row-head");
  const names = element("span", { class: "gutter-space" });
  for (const lane of gutter.lanes) {
    const name = element("i", { title: laneName(run, lane) }, run.lanes[lane].short);
    name.style.left = `${gutter.x(lane) - 10}px`;
    names.append(name);
  }
  head.style.setProperty("--gutter", `${gutter.width}px`);
  head.replaceChildren(element("span", { class: "gap" }), names, element("span", { class: "time" }, "time, s"), element("span", { class: "since" }, "since"),
    element("span", { class: "who" }, "who"), element("span"), element("span", { class: "what" }, "what"),
    element("span", { class: "tags" }, STATE.view === "past" ? `${ROWS.length} of ${countText(run.sheet.events)} events` : `${countText(ROWS.length)} events`));
}

function drawGutter(host, gutter) {
  const canvas = document.getElementById("gutter-canvas");
  const height = host.clientHeight;
  const pen = fitCanvas(canvas, gutter.width, height);
  const y = (row) => row * ROW + ROW / 2 - host.scrollTop;
  const seen = (from, to) => Math.max(from, to) > -ROW && Math.min(from, to) < height + ROW;
  const end = y(ROWS.length - 1);
  drawGutterLanes(pen, gutter, y, end);
  const bottom = (row) => (row === undefined ? null : y(row));
  const thread = STATE.side === 0 ? threadOf(run) : new Set();
  for (const one of run.operations) {
    const [from, to] = [bottom(ROW_OF.get(one.begin)), one.end === NONE ? end : bottom(ROW_OF.get(one.end))];
    if (from === null || to === null || !seen(from, to)) continue;
    const failing = RED && run.past.failing && one.begin === run.past.operation;
    pen.fillStyle = COLOURS["operation-fill"];
    pen.strokeStyle = failing ? COLOURS.failure : COLOURS.operation;
    pen.lineWidth = failing ? 1.6 : 1;
    pen.beginPath();
    pen.roundRect(gutter.x(run.events[one.begin].lane) - 5, from - 5, 10, to - from + 10, 5);
    pen.fill();
    pen.stroke();
  }
  drawGutterThread(pen, gutter, y, thread, seen);
  drawGutterLinks(pen, gutter, y, thread, seen);
  const first = Math.max(0, Math.floor(host.scrollTop / ROW) - 1);
  const last = Math.min(ROWS.length, Math.ceil((host.scrollTop + height) / ROW) + 1);
  for (let row = first; row < last; row += 1) drawSign(pen, run.events[ROWS[row]], gutter.x(run.events[ROWS[row]].lane), y(row), 5);
}

// A lane is a line; where its node is down or cut off, the line says so.
function drawGutterLanes(pen, gutter, y, end) {
  const rowAt = (time) => {
    let [low, high] = [0, ROWS.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (run.events[ROWS[middle]].t < time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  for (const lane of gutter.lanes) {
    const x = gutter.x(lane);
    pen.strokeStyle = COLOURS.rule;
    pen.lineWidth = 1.4;
    pen.setLineDash(run.lanes[lane].role === "world" ? [1, 4] : []);
    pen.beginPath();
    pen.moveTo(x, Math.max(0, y(0)));
    pen.lineTo(x, Math.min(end, 1e5));
    pen.stroke();
    pen.setLineDash([]);
    for (const band of run.bands) {
      if (run.lanes[lane].role === "world" || (band.lanes.length > 0 && !band.lanes.includes(lane))) continue;
      const [from, to] = [rowAt(band.from), rowAt(band.to)];
      if (to <= from) continue;
      pen.save();
      pen.beginPath();
      pen.rect(x - 5, y(from), 10, y(Math.min(to, ROWS.length - 1)) - y(from));
      pen.globalAlpha = 0.16;
      pen.fillStyle = COLOURS[BANDS[band.what][0]];
      pen.fill();
      pen.globalAlpha = 0.5;
      pen.fillStyle = hatch(pen, COLOURS[BANDS[band.what][0]], BANDS[band.what][1]);
      pen.fill();
      pen.restore();
    }
  }
}

// From each event on the thread to the nearest of its causes that has a row.
function drawGutterThread(pen, gutter, y, thread, seen) {
  pen.strokeStyle = COLOURS.thread;
  pen.lineWidth = 2.2;
  for (const i of thread) {
    const row = ROW_OF.get(i);
    if (row === undefined) continue;
    let cause = run.events[i].cause;
    while (cause !== NONE && !ROW_OF.has(cause)) cause = run.events[cause].cause;
    const event = run.events[i];
    if (cause === NONE || (isLanding(event) && event.link.departure === cause)) continue;
    const [from, to] = [y(ROW_OF.get(cause)), y(row)];
    if (!seen(from, to)) continue;
    const [a, b] = [gutter.x(run.events[cause].lane), gutter.x(run.events[i].lane)];
    pen.beginPath();
    pen.moveTo(a, from);
    if (a === b) pen.lineTo(b, to);
    else pen.bezierCurveTo(a, (from + to) / 2, b, (from + to) / 2, b, to);
    pen.stroke();
  }
}

function drawGutterLinks(pen, gutter, y, thread, seen) {
  for (const link of run.links) {
    const [from, to] = [ROW_OF.get(link.departure), link.landing === NONE ? undefined : ROW_OF.get(link.landing)];
    if (from === undefined || to === undefined || !seen(y(from), y(to))) continue;
    const [a, b] = [run.events[link.departure].lane, run.events[link.landing].lane];
    if (a === b) continue;
    const onThread = thread.has(link.departure) && thread.has(link.landing);
    pen.strokeStyle = pen.fillStyle = onThread ? COLOURS.thread : link.lost ? COLOURS["fault-network"] : COLOURS.message;
    pen.lineWidth = onThread ? 2 : 1;
    arrow(pen, gutter.x(a), y(from), gutter.x(b), y(to), link.lost);
  }
}

function makeRows() {
  const host = element("div", { id: "rows", role: "grid", "aria-label": "events", tabindex: "0" },
    element("div", { id: "gutter" }, element("canvas", { id: "gutter-canvas", "aria-hidden": "true" })), element("div", { id: "row-list" }));
  host.addEventListener("scroll", drawRows, { passive: true });
  return [element("div", { id: "row-head", "aria-hidden": "true" }), host];
}

// Scrolls so that the picked row is in sight, with its past above it.
function reveal() {
  if (STATE.view === "compare") return revealPair();
  const host = document.getElementById("rows");
  const row = ROW_OF.get(STATE.picked);
  if (!host || row === undefined) return;
  const top = row * ROW;
  if (top < host.scrollTop + ROW) host.scrollTop = top - ROW * 2;
  else if (top > host.scrollTop + host.clientHeight - ROW * 2) host.scrollTop = top - host.clientHeight + ROW * 3;
  drawRows();
  const x = MAP.scale ? timeToX(run.events[STATE.picked].t) : 0;
  if (x < LANE.label + 8 || x > MAP.width - 16) {
    const unit = MAP.scale.toUnit(run.events[STATE.picked].t);
    panBy((unit - (STATE.zoom.from + STATE.zoom.to) / 2) / (STATE.zoom.to - STATE.zoom.from));
  }
}
