// The map: a lane per node, time from left to right. Messages are arrows, operations
// bars, what lasts is a band, and the red thread leads to the picked event.

const LANE = { label: 132, top: 22, node: 34, bar: 17, disk: 11, gap: 6 };
const MAP = { lanes: [], spots: [], scale: null, bars: new Map(), height: 0, width: 0, links: [] };

const mapRun = () => (STATE.view === "compare" && STATE.side === 1 ? other : run);

// Bars of operations that overlap get a line each.
function packBars(of) {
  const lines = new Map();
  const packed = new Map();
  for (const operation of of.operations) {
    const begin = of.events[operation.begin];
    const end = operation.end === NONE ? Infinity : of.events[operation.end].t;
    const ends = lines.get(begin.lane) ?? [];
    let line = ends.findIndex((until) => until <= begin.t);
    if (line === -1) line = ends.length;
    ends[line] = end;
    lines.set(begin.lane, ends);
    packed.set(operation, line);
  }
  return { packed, lines };
}

// What the map draws: in the default view the rows, in the others whatever is filtered.
function mapEvents(of) {
  if (of !== run) return of.past.rows;
  return STATE.view === "past" || STATE.view === "all" ? ROWS : run.past.rows;
}

function layoutMap() {
  const of = mapRun();
  const shown = mapEvents(of);
  const inShown = new Set(shown);
  MAP.shown = shown;
  MAP.links = of.links.filter((link) => !STATE.hidden.has("messages") && (inShown.has(link.departure) || (link.landing !== NONE && inShown.has(link.landing))));
  MAP.operations = STATE.hidden.has("operations") ? [] : of.operations.filter((one) => inShown.has(one.begin) || (one.end !== NONE && inShown.has(one.end)));
  const times = shown.map((i) => of.events[i].t);
  for (const link of MAP.links) {
    times.push(of.events[link.departure].t);
    if (link.landing !== NONE) times.push(of.events[link.landing].t);
  }
  for (const one of MAP.operations) times.push(of.events[one.begin].t);
  const crowds = findCrowds(of, shown);
  MAP.scale = makeScale(times, STATE.even, crowds.crowds);
  MAP.crowd = crowds.places;
  const { packed, lines } = packBars({ operations: MAP.operations, events: of.events });
  MAP.packed = packed;
  const withDisk = new Set(shown.filter((i) => of.events[i].group === "disk").map((i) => of.events[i].lane));
  const busy = new Set(shown.map((i) => of.events[i].lane));
  for (const link of MAP.links) for (const i of [link.departure, link.landing]) if (i !== NONE) busy.add(of.events[i].lane);
  let top = LANE.top;
  const small = of.lanes.length > 7;
  MAP.lanes = of.lanes.map((lane, at) => {
    const used = lane.role !== "world" ? busy.has(at) || of.lanes.length <= 9 : busy.has(at);
    const bars = (lines.get(at)?.length ?? 0) * LANE.bar;
    const disk = withDisk.has(at) ? LANE.disk : 0;
    const base = lane.role === "world" || small ? 24 : LANE.node;
    const height = used ? base + bars + disk : 0;
    const made = { at, lane, used, top, height, middle: top + base / 2 + bars, bars: top + 4, disk: top + base / 2 + bars + 12 };
    top += used ? height : 0;
    return made;
  });
  MAP.height = top + 4;
}

const unitToX = (unit) => LANE.label + ((unit - STATE.zoom.from) / (STATE.zoom.to - STATE.zoom.from)) * (MAP.width - LANE.label - 24) + 10;
const timeToX = (time) => unitToX(MAP.scale.toUnit(time));
const eventToX = (event) => unitToX(MAP.scale.toUnit(event.t) + (MAP.crowd.get(event.i) ?? 0) * MAP.scale.crowd);
const xToUnit = (x) => STATE.zoom.from + ((x - 10 - LANE.label) / (MAP.width - LANE.label - 24)) * (STATE.zoom.to - STATE.zoom.from);

function hatch(pen, colour, lean) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const brush = tile.getContext("2d");
  brush.strokeStyle = colour;
  brush.lineWidth = 1.2;
  brush.beginPath();
  for (const shift of [-8, 0, 8]) {
    if (lean > 0) { brush.moveTo(shift, 8); brush.lineTo(shift + 8, 0); }
    else if (lean < 0) { brush.moveTo(shift, 0); brush.lineTo(shift + 8, 8); }
    else { brush.moveTo(0, 4); brush.lineTo(8, 4); }
  }
  brush.stroke();
  return pen.createPattern(tile, "repeat");
}

const BANDS = { down: ["down", 1, "down"], paused: ["paused", 0, "stands still"], cut: ["cut", -1, "cut off"], slow: ["slow", 0, "slow link"], held: ["slow", 1, "held up"] };

function drawBands(pen, of) {
  if (STATE.hidden.has("faults") && STATE.hidden.has("nodes")) return;
  const labels = [];
  for (const band of of.bands) {
    const [colour, lean, word] = BANDS[band.what] ?? BANDS.slow;
    const lanes = MAP.lanes.filter((lane) => lane.used && lane.lane.role !== "world" && (band.lanes.length === 0 || band.lanes.includes(lane.at)));
    const [from, to] = [Math.max(LANE.label, timeToX(band.from)), Math.min(MAP.width, timeToX(band.to))];
    if (to - from < 1) continue;
    for (const lane of lanes) {
      pen.save();
      pen.beginPath();
      pen.rect(from, lane.top + 2, to - from, lane.height - 4);
      pen.globalAlpha = 0.13;
      pen.fillStyle = COLOURS[colour];
      pen.fill();
      pen.globalAlpha = 0.38;
      pen.fillStyle = hatch(pen, COLOURS[colour], lean);
      pen.fill();
      pen.restore();
      MAP.spots.push({ i: band.event, x: from, y: lane.top + 2, right: to, bottom: lane.top + lane.height - 2 });
      if (lane.height >= LANE.node) labels.push({ word, from, to, y: lane.top + lane.height - 5, lane: lane.at, colour });
    }
  }
  return labels;
}

// Names of bands, where there is room that no other name has taken.
function drawBandNames(pen, labels) {
  pen.font = `10.5px ${COLOURS.text}`;
  pen.textAlign = "left";
  const taken = [];
  for (const label of labels ?? []) {
    const width = pen.measureText(label.word).width + 8;
    if (label.to - label.from < width) continue;
    const box = { lane: label.lane, from: label.from, to: label.from + width };
    if (taken.some((one) => one.lane === box.lane && one.from < box.to && box.from < one.to)) continue;
    taken.push(box);
    pen.fillStyle = COLOURS[label.colour];
    pen.fillText(label.word, label.from + 4, label.y);
  }
}

function drawAxis(pen, of) {
  pen.font = `11px ${COLOURS.text}`;
  pen.textAlign = "center";
  pen.fillStyle = COLOURS.soft;
  pen.strokeStyle = COLOURS.rule;
  const put = (x, words) => {
    pen.beginPath();
    pen.moveTo(x + 0.5, LANE.top - 4);
    pen.lineTo(x + 0.5, MAP.height);
    pen.stroke();
    pen.fillText(words, Math.min(x, MAP.width - 36), 12);
  };
  let last = -Infinity;
  if (STATE.even) {
    for (const stop of MAP.scale.stops) {
      const x = Math.round(timeToX(stop));
      if (x < LANE.label + 30 || x > MAP.width - 20 || x - last < 110) continue;
      put(x, timeText(stop));
      last = x;
    }
  } else {
    const [from, to] = [MAP.scale.toTime(STATE.zoom.from), MAP.scale.toTime(STATE.zoom.to)];
    const step = roundStep(to - from, (MAP.width - LANE.label) / 130);
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      const x = Math.round(timeToX(time));
      if (x > LANE.label + 30) put(x, timeText(time));
    }
  }
  pen.textAlign = "left";
  pen.fillStyle = COLOURS.faint;
  pen.fillText(`${STATE.even ? "s · even" : "s · true time"}${STATE.view === "compare" ? ` · ${of.name}` : ""}`, 12, 12);
}

function drawLanes(pen, of) {
  for (const lane of MAP.lanes) {
    if (!lane.used) continue;
    pen.strokeStyle = COLOURS.rule;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, lane.top + 0.5);
    pen.lineTo(MAP.width, lane.top + 0.5);
    pen.stroke();
    pen.strokeStyle = COLOURS.faint;
    pen.beginPath();
    pen.moveTo(LANE.label, lane.middle + 0.5);
    pen.lineTo(MAP.width, lane.middle + 0.5);
    pen.stroke();
  }
}

function fitText(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low < 3 ? "" : `${text.slice(0, low)}…`;
}

function drawOperations(pen, of) {
  pen.font = `11px ${COLOURS.text}`;
  pen.textAlign = "left";
  const failing = of.past.failing ? of.past.operation : NONE;
  for (const one of MAP.operations) {
    const begin = of.events[one.begin];
    const lane = MAP.lanes[begin.lane];
    if (!lane.used) continue;
    const from = timeToX(begin.t);
    const to = one.end === NONE ? MAP.width : timeToX(of.events[one.end].t);
    if (to < LANE.label || from > MAP.width) continue;
    const x = Math.max(from, LANE.label);
    const width = Math.max(3, to - x);
    const y = lane.bars + MAP.packed.get(one) * LANE.bar;
    const isFailing = RED && one.begin === failing;
    pen.fillStyle = COLOURS["operation-fill"];
    pen.strokeStyle = isFailing ? COLOURS.failure : COLOURS.operation;
    pen.lineWidth = isFailing ? 2 : 1;
    pen.beginPath();
    pen.roundRect(x, y, width, LANE.bar - 3, 3);
    pen.fill();
    if (one.end === NONE) pen.setLineDash([4, 3]);
    pen.stroke();
    pen.setLineDash([]);
    const words = String(begin.args.words ?? begin.args.verb ?? "");
    pen.fillStyle = COLOURS.ink;
    pen.fillText(fitText(pen, words, width - 8), x + 4, y + 10.5);
    MAP.spots.push({ i: one.begin, x, y, right: x + width, bottom: y + LANE.bar - 3 });
  }
}

function arrow(pen, x1, y1, x2, y2, lost) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const reach = lost ? 0.6 : 1;
  const [ex, ey] = [x1 + (x2 - x1) * reach, y1 + (y2 - y1) * reach];
  if (lost) pen.setLineDash([4, 3]);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(ex, ey);
  pen.stroke();
  pen.setLineDash([]);
  pen.beginPath();
  if (lost) {
    for (const turn of [0.785, -0.785]) {
      pen.moveTo(ex - 5 * Math.cos(angle + turn), ey - 5 * Math.sin(angle + turn));
      pen.lineTo(ex + 5 * Math.cos(angle + turn), ey + 5 * Math.sin(angle + turn));
    }
    pen.stroke();
    return;
  }
  pen.moveTo(ex, ey);
  pen.lineTo(ex - 7 * Math.cos(angle - 0.4), ey - 7 * Math.sin(angle - 0.4));
  pen.lineTo(ex - 7 * Math.cos(angle + 0.4), ey - 7 * Math.sin(angle + 0.4));
  pen.fill();
}

function drawLinks(pen, of, thread) {
  for (const link of MAP.links) {
    const from = of.events[link.departure];
    const a = MAP.lanes[from.lane];
    if (link.landing === NONE) {
      pen.strokeStyle = COLOURS.message;
      arrow(pen, eventToX(from), a.middle, eventToX(from) + 14, a.middle + 12, true);
      continue;
    }
    const to = of.events[link.landing];
    const b = MAP.lanes[to.lane];
    if (!a.used || !b.used || a === b) continue;
    const onThread = thread.has(link.departure) && thread.has(link.landing);
    pen.strokeStyle = pen.fillStyle = onThread ? COLOURS.thread : link.lost ? COLOURS["fault-network"] : COLOURS.message;
    pen.lineWidth = onThread ? 2.2 : 1.1;
    pen.globalAlpha = onThread || link.lost ? 1 : 0.65;
    arrow(pen, eventToX(from), a.middle, eventToX(to), b.middle, link.lost);
    pen.globalAlpha = 1;
  }
}

// The thread along the lanes: from cause to effect on one node.
function drawThread(pen, of, thread) {
  const places = [...thread].sort((a, b) => a - b);
  pen.strokeStyle = COLOURS.thread;
  pen.lineWidth = 2.2;
  for (const i of places) {
    const event = of.events[i];
    if (event.cause === NONE) continue;
    const cause = of.events[event.cause];
    if (cause.lane !== event.lane || !MAP.lanes[event.lane].used) continue;
    const y = MAP.lanes[event.lane].middle;
    pen.beginPath();
    pen.moveTo(eventToX(cause), y);
    pen.lineTo(eventToX(event), y);
    pen.stroke();
  }
}

// The sign of an event, in a shape of its own for each group.
function drawSign(pen, event, x, y, size) {
  pen.fillStyle = pen.strokeStyle = colourOf(event);
  pen.lineWidth = 1.6;
  pen.beginPath();
  switch (event.group) {
    case "failure":
      for (const turn of [1, -1]) { pen.moveTo(x - size, y - size * turn); pen.lineTo(x + size, y + size * turn); }
      pen.lineWidth = 2.6;
      return pen.stroke();
    case "faults":
      pen.moveTo(x, y - size - 1); pen.lineTo(x + size + 1, y); pen.lineTo(x, y + size + 1); pen.lineTo(x - size - 1, y);
      return pen.fill();
    case "disk":
      pen.rect(x - size + 1.5, y - size + 1.5, size * 2 - 3, size * 2 - 3);
      return event.kind.includes("land") || event.kind.includes("sync") ? pen.fill() : pen.stroke();
    case "logs":
      for (const dy of [-2.5, 0.5, 3.5]) { pen.moveTo(x - size + 1, y + dy - 0.5); pen.lineTo(x + size - 1, y + dy - 0.5); }
      return pen.stroke();
    case "assertions":
      if (isViolated(event)) { for (const turn of [1, -1]) { pen.moveTo(x - 4, y - 4 * turn); pen.lineTo(x + 4, y + 4 * turn); } }
      else { pen.moveTo(x - 4, y); pen.lineTo(x - 1, y + 3); pen.lineTo(x + 4, y - 4); }
      return pen.stroke();
    case "nodes":
      pen.arc(x, y, size - 0.5, 0, 7);
      return event.kind === "node.crash" || event.kind === "node.pause" ? (pen.save(), pen.fillStyle = COLOURS.sheet, pen.fill(), pen.restore(), pen.stroke()) : pen.fill();
    case "operations":
      pen.arc(x, y, size - 1.5, Math.PI / 2, Math.PI * 1.5, !isBegin(event));
      return pen.fill();
    case "messages":
      pen.arc(x, y, size - 2.2, 0, 7);
      return isLanding(event) ? pen.fill() : (pen.save(), pen.fillStyle = COLOURS.sheet, pen.fill(), pen.restore(), pen.stroke());
    default:
      pen.arc(x, y, 1.8, 0, 7);
      return pen.fill();
  }
}

function drawSigns(pen, of) {
  for (const i of MAP.shown) {
    const event = of.events[i];
    const lane = MAP.lanes[event.lane];
    if (!lane.used || event.group === "operations" || event.group === "steps") continue;
    const x = eventToX(event);
    if (x < LANE.label - 4 || x > MAP.width + 4) continue;
    const y = event.group === "disk" ? lane.disk : lane.middle;
    drawSign(pen, event, x, y, 5);
    MAP.spots.push({ i, x: x - 6, y: y - 6, right: x + 6, bottom: y + 6 });
  }
}

function drawMarks(pen, of) {
  const mark = (i, colour, dash) => {
    if (i === NONE || i === undefined) return;
    const { stops } = MAP.scale;
    if (of.events[i].t < stops[0] || of.events[i].t > stops[stops.length - 1]) return;
    const x = Math.round(eventToX(of.events[i])) + 0.5;
    if (x < LANE.label) return;
    pen.strokeStyle = colour;
    pen.lineWidth = 1.4;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(x, LANE.top - 4);
    pen.lineTo(x, MAP.height);
    pen.stroke();
    pen.setLineDash([]);
  };
  if (of.sheet.failures.length > 0) mark(of.past.failure, COLOURS.failure, []);
  if (STATE.view === "compare" && FIRST) mark(FIRST[STATE.side], COLOURS.thread, []);
  const event = of.events[STATE.picked];
  if (!event || (STATE.view === "compare" && mapRun() !== [run, other][STATE.side])) return;
  mark(STATE.picked, COLOURS.pick, [2, 3]);
  const lane = MAP.lanes[event.lane];
  if (!lane?.used) return;
  pen.strokeStyle = COLOURS.pick;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(eventToX(event), event.group === "disk" ? lane.disk : lane.middle, 9, 0, 7);
  pen.stroke();
}

// The events on the way to the picked one that the map knows.
function threadOf(of) {
  return new Set(chainOf(of, STATE.picked));
}

function drawMap() {
  const host = document.getElementById("map");
  if (!host || host.hidden) return;
  MAP.width = host.clientWidth;
  const canvas = document.getElementById("map-canvas");
  const pen = fitCanvas(canvas, MAP.width, MAP.height);
  const of = mapRun();
  MAP.spots = [];
  drawAxis(pen, of);
  drawLanes(pen, of);
  pen.save();
  pen.beginPath();
  pen.rect(LANE.label, 0, MAP.width - LANE.label, MAP.height);
  pen.clip();
  const labels = drawBands(pen, of);
  const thread = threadOf(of);
  drawLinks(pen, of, thread);
  drawThread(pen, of, thread);
  drawOperations(pen, of);
  drawMarks(pen, of);
  drawSigns(pen, of);
  drawBandNames(pen, labels);
  pen.restore();
}

function laneLabels(of) {
  return MAP.lanes.filter((lane) => lane.used).map((lane) => {
    const solo = STATE.lane === lane.at;
    const label = element("button", {
      class: `lane ${lane.lane.role}`, type: "button", "aria-pressed": solo,
      title: `${lane.lane.name}: ${lane.lane.role}${lane.lane.host ? ` on machine ${lane.lane.host}` : ""}; click to see this lane alone`,
      onclick: () => { STATE.lane = solo ? NONE : lane.at; refresh(); },
    }, element("b", {}, lane.lane.name), lane.height >= LANE.node && lane.lane.role !== "world" ? element("small", {}, lane.lane.role) : null);
    label.style.top = `${lane.top}px`;
    label.style.height = `${lane.height}px`;
    return label;
  });
}

function spotAt(x, y) {
  let found = null;
  for (const spot of MAP.spots) {
    if (x >= spot.x && x <= spot.right && y >= spot.y && y <= spot.bottom) found = spot;
  }
  return found;
}

function makeMap() {
  const canvas = element("canvas", { id: "map-canvas", role: "img", "aria-label": "lanes of the nodes over time; the rows below say the same in words" });
  const tip = element("div", { id: "tip", role: "status", hidden: true });
  const host = element("div", { id: "map" }, element("div", { id: "lanes" }), canvas, tip);
  let drag = null;
  canvas.addEventListener("mousemove", (moved) => {
    if (drag) {
      const part = (drag.x - moved.offsetX) / (MAP.width - LANE.label);
      drag = { x: moved.offsetX, moved: true };
      return panBy(part);
    }
    const spot = spotAt(moved.offsetX, moved.offsetY);
    canvas.style.cursor = spot ? "pointer" : "";
    tip.hidden = !spot;
    if (!spot) return;
    const of = mapRun();
    const event = of.events[spot.i];
    const { text, more } = describe(of, event);
    tip.replaceChildren(element("b", {}, text), more ? element("span", {}, more) : "", element("i", {}, `${timeText(event.t)} s · ${ownerText(of, event)}`));
    tip.style.left = `${Math.min(moved.offsetX + 14, MAP.width - 330)}px`;
    tip.style.top = `${Math.min(moved.offsetY + 16, host.clientHeight + host.scrollTop - 70)}px`;
  });
  canvas.addEventListener("mouseleave", () => { tip.hidden = true; drag = null; });
  canvas.addEventListener("mousedown", (pressed) => { drag = { x: pressed.offsetX, moved: false }; });
  canvas.addEventListener("mouseup", (released) => {
    const spot = !drag?.moved && spotAt(released.offsetX, released.offsetY);
    drag = null;
    if (spot) pick(spot.i, STATE.side);
  });
  canvas.addEventListener("dblclick", () => zoomBy(0.5, (xToUnit(MAP.width / 2) - STATE.zoom.from) / (STATE.zoom.to - STATE.zoom.from)));
  canvas.addEventListener("wheel", (turned) => {
    if (!turned.ctrlKey && !turned.metaKey && Math.abs(turned.deltaX) < Math.abs(turned.deltaY) && host.scrollHeight > host.clientHeight + 2) return;
    turned.preventDefault();
    if (Math.abs(turned.deltaX) > Math.abs(turned.deltaY)) return panBy(turned.deltaX / MAP.width);
    const { from, to } = STATE.zoom;
    zoomBy(turned.deltaY > 0 ? 1.25 : 0.8, (xToUnit(turned.offsetX) - from) / (to - from));
  }, { passive: false });
  return host;
}
