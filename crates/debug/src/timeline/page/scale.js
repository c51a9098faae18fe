// From virtual time to places across the map. Time is even by default: events stand
// apart as events, and silence is short; the true scale is one key away.

const CROWD = 0.8;

function makeScale(times, even, crowds = new Map()) {
  const stops = [...new Set(times)].sort((a, b) => a - b);
  if (stops.length === 0) stops.push(0);
  const places = [0];
  for (let at = 1; at < stops.length; at += 1) {
    const gap = stops[at] - stops[at - 1];
    // What happens on one lane at one instant stands side by side.
    const crowd = ((crowds.get(stops[at - 1]) ?? 1) - 1) * CROWD;
    places.push(places[at - 1] + (even ? 1 + crowd + Math.log10(1 + gap / 1e3) * 0.35 : gap));
  }
  const last = even ? ((crowds.get(stops[stops.length - 1]) ?? 1) - 1) * CROWD : 0;
  const whole = places[places.length - 1] + last || 1;
  const search = (list, value) => {
    let [low, high] = [0, list.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle] <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const between = (from, to, value) => {
    const at = search(from, value);
    if (at >= from.length - 1) return to[at];
    const part = (value - from[at]) / (from[at + 1] - from[at] || 1);
    return to[at] + Math.max(0, part) * (to[at + 1] - to[at]);
  };
  return {
    stops,
    crowd: even ? CROWD / whole : 0,
    toUnit: (time) => between(stops, places, Math.max(time, stops[0])) / whole,
    toTime: (unit) => between(places, stops, unit * whole),
  };
}

// How many signs a lane has at an instant, and which of them each event is.
function findCrowds(of, shown) {
  const counts = new Map();
  const crowds = new Map();
  const places = new Map();
  for (const i of shown) {
    const { t, lane, group } = of.events[i];
    if (group === "operations" || group === "steps") continue;
    const key = `${t} ${lane} ${group === "disk"}`;
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    places.set(i, nth);
    if (nth + 1 > (crowds.get(t) ?? 1)) crowds.set(t, nth + 1);
  }
  return { crowds, places };
}

// Round steps for a scale of true time.
function roundStep(span, most) {
  const raw = span / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw);
  return Math.max(1, step ?? power * 10);
}

function zoomBy(factor, around = 0.5) {
  const { from, to } = STATE.zoom;
  const middle = from + (to - from) * around;
  const width = Math.min(1, Math.max(0.0005, (to - from) * factor));
  const start = Math.min(1 - width, Math.max(0, middle - width * around));
  STATE.zoom = { from: start, to: start + width };
  drawMap();
}

// So close that the picked event and its neighbours stand apart.
function zoomToPicked() {
  const apart = 90;
  const stops = MAP.scale.stops.length;
  if (stops <= apart * 1.5) return;
  const width = apart / stops;
  const unit = MAP.scale.toUnit(run.events[STATE.picked].t);
  const from = Math.min(1 - width, Math.max(0, unit - width * 0.7));
  STATE.zoom = { from, to: from + width };
  drawMap();
}

function panBy(part) {
  const { from, to } = STATE.zoom;
  const width = to - from;
  const start = Math.min(1 - width, Math.max(0, from + width * part));
  STATE.zoom = { from: start, to: start + width };
  drawMap();
}
