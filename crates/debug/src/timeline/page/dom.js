// Elements. Every text goes in as text: no letter of a trace is ever read as markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("aria-")) made.setAttribute(name, String(value));
    else if (value === false || value === undefined || value === null) continue;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

// A text with the words that were searched for marked.
function marked(text, words) {
  if (words.length === 0) return [text];
  const low = text.toLowerCase();
  const parts = [];
  let at = 0;
  while (at < text.length) {
    let next = text.length;
    let found = "";
    for (const word of words) {
      const place = low.indexOf(word, at);
      if (place !== -1 && place < next) [next, found] = [place, word];
    }
    if (next > at) parts.push(text.slice(at, next));
    if (found) parts.push(element("mark", {}, text.slice(next, next + found.length)));
    at = next + (found.length || 1);
  }
  return parts;
}

// A canvas as sharp as the screen, in pixels of the page.
function fitCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// The colours of the style, for canvases; read again when the theme changes.
const COLOURS = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "sheet", "ink", "soft", "faint", "rule", "accent", "failure", "operation", "message",
    "disk", "log", "assertion", "node", "phase", "step", "fault-process", "fault-network", "fault-storage", "fault-clock",
    "fault-buggify", "thread", "pick", "operation-fill", "down", "cut", "paused", "slow"]) {
    COLOURS[name] = style.getPropertyValue(`--${name}`).trim();
  }
  COLOURS.text = style.getPropertyValue("--text-font").trim();
}

const GROUP_COLOURS = {
  failure: "failure", operations: "operation", nodes: "node", messages: "message", disk: "disk",
  logs: "log", assertions: "assertion", phases: "phase", steps: "step",
};

const colourName = (event) => (event.group === "faults" ? `fault-${familyOf(event.args.kind ?? "")}` : GROUP_COLOURS[event.group]);
const colourOf = (event) => COLOURS[colourName(event)];
