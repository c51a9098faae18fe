// The order: a history that nothing explains. Its operations as intervals, a line per
// client, with the longest order that works, and what cannot come next.

const SVG = "http://www.w3.org/2000/svg";
function drawn(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}


// A line for each client, and more where its operations overlap.
function orderLines(operations) {
  const lines = [];
  for (const one of [...operations].sort((a, b) => a.begun - b.begun)) {
    let line = lines.find((known) => known.client === one.client && known.until <= one.begun);
    if (!line) {
      line = { client: one.client, until: 0, operations: [] };
      lines.push(line);
    }
    line.until = one.ended ?? Infinity;
    line.operations.push(one);
  }
  return lines.sort((a, b) => a.client.localeCompare(b.client, undefined, { numeric: true }));
}

// When all that does not fit had ended: what began after that explains nothing.
const overAt = (history) => Math.max(0, ...history.operations.filter((one) => one.stuck).map((one) => one.ended ?? Infinity)) || Infinity;

function orderPicture(history, width) {
  const line = 46;
  const over = overAt(history);
  const operations = history.operations.filter((one) => one.begun <= over);
  const lines = orderLines(operations);
  const times = operations.flatMap((one) => (one.ended === null || one.ended > over ? [one.begun] : [one.begun, one.ended]));
  const scale = makeScale(times, STATE.even);
  const left = 110;
  const x = (time) => left + scale.toUnit(time) * (width - left - 40);
  const height = lines.length * line + 26;
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "order", role: "img", "aria-label": `operations on ${history.object}` });
  const points = [];
  // An order's points: each within its interval, each after the one before.
  const placed = operations.filter((one) => one.place !== null).sort((a, b) => a.place - b.place);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `600 12px ${COLOURS.text}`;
  // Above the path, which may lead through a line of its own words.
  const written = [];
  let latest = 0;
  const pointOf = new Map();
  for (const one of placed) {
    latest = Math.max(latest, one.begun);
    pointOf.set(one, latest);
  }
  lines.forEach((known, at) => {
    const y = at * line + 12;
    picture.append(drawn("text", { x: 8, y: y + 18, class: "client" }, lines[at - 1]?.client === known.client ? "" : known.client));
    picture.append(drawn("line", { x1: left - 8, x2: width, y1: y + 14, y2: y + 14, class: "line" }));
    for (const one of known.operations) {
      const [from, to] = [x(one.begun), one.ended === null ? width - 6 : x(one.ended)];
      const room = Math.max(6, to - from);
      const kind = one.stuck ? (one.blamed ? "stuck blamed" : "stuck") : one.place === null ? "open" : "placed";
      const { words } = one;
      const indent = one.place === null ? 8 : 26;
      picture.append(drawn("g", { class: `interval ${kind}` },
        drawn("title", {}, `${one.client}: ${words}\n${timeText(one.begun)} s to ${one.ended === null ? "the end" : `${timeText(one.ended)} s`}${one.state ? `\nthen: ${one.state}` : ""}`),
        drawn("rect", { x: from, y, width: room, height: 28, rx: 4 })));
      written.push(drawn("text", { class: `words ${kind}`, x: from + indent, y: y + 18 }, fitText(pen, words, room - indent - 4)));
      if (one.place !== null) points.push({ place: one.place, x: Math.min(from + 13, Math.max(from + 3, x(pointOf.get(one)) + 13)), y: y + 14 });
    }
  });
  points.sort((a, b) => a.place - b.place);
  picture.append(drawn("polyline", { class: "path", points: points.map((point) => `${point.x},${point.y}`).join(" ") }), ...written);
  for (const point of points) {
    picture.append(drawn("circle", { class: "point", cx: point.x, cy: point.y, r: 9 }), drawn("text", { class: "place", x: point.x, y: point.y + 3.5 }, String(point.place)));
  }
  return picture;
}

function orderPart(history, width) {
  const placed = history.operations.filter((one) => one.place !== null).sort((a, b) => a.place - b.place);
  const stuck = history.operations.filter((one) => one.stuck);
  const over = overAt(history);
  const until = history.operations.filter((one) => one.begun <= over).length;
  const later = history.operations.length - until;
  const object = history.object ? `the operations on ${history.object}` : "these operations";
  const step = (one, mark, kind) => element("li", { class: kind },
    element("b", {}, mark), element("span", { class: "client" }, one.client),
    element("span", {}, one.ended === null ? `${one.words} (no answer)` : one.words),
    element("em", {}, one.state ?? ""));
  return element("section", { class: "history" },
    heading(`No order explains ${object}`),
    element("p", { class: "hint" }, `${placed.length} of ${until} can be put in order, as numbered. `, stuck.length > 0 ? `Then it is ${history.state}, and ${stuck.length === 1 ? "the marked one cannot" : "none of the marked ones can"} come next.` : "", later > 0 ? ` What began after that (${later}) is not shown.` : ""),
    orderPicture(history, width),
    element("ol", { class: "steps" },
      element("li", { class: "head" }, element("b", {}, "#"), element("span", {}, "client"), element("span", {}, "what"), element("em", {}, "holds then")),
      placed.map((one) => step(one, String(one.place), "placed")),
      stuck.map((one) => step({ ...one, state: one.blamed ? "no order explains it" : "cannot come next" }, "✕", one.blamed ? "stuck blamed" : "stuck"))));
}

function drawOrder() {
  const host = document.getElementById("order");
  host.hidden = STATE.view !== "order";
  if (host.hidden) return;
  host.replaceChildren(...HISTORIES.map((history) => orderPart(history, Math.max(600, host.clientWidth - 48))));
}
