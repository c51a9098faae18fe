// The page as a whole: its frame, its theme, and the one function that draws it anew.

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  readColours();
  refresh();
}

function makeBar() {
  const { sheet } = run;
  const tab = (view, words, key, there) => there && element("button", { type: "button", class: "tab", "data-view": view, onclick: () => setView(view) }, words, element("kbd", {}, key));
  const search = element("input", { id: "search", type: "search", placeholder: "search   kind:tcp node:server", "aria-label": "search in all events", spellcheck: "false", autocomplete: "off",
    oninput: (typed) => {
      STATE.query = typed.target.value;
      if (STATE.view === "past" && STATE.query !== "") { STATE.view = "all"; STATE.searching = true; }
      if (STATE.query === "" && STATE.searching) { STATE.view = "past"; STATE.searching = false; }
      refresh();
      if (ROWS.length > 0 && !ROW_OF.has(STATE.picked) && STATE.view === "all") { STATE.picked = ROWS[ROWS.length - 1]; refresh(); reveal(); }
    } });
  return element("header", {},
    element("h1", {}, element("span", { class: RED ? "badge red" : "badge green" }, RED ? "✕ red" : "✓ green"), element("b", {}, sheet.simulation), element("span", {}, `seed ${sheet.seed}`), sheet.story.bug ? element("span", { class: "bug" }, `bug ${sheet.story.bug}`) : null),
    element("nav", { "aria-label": "views" },
      tab("past", RED ? "past of the failure" : "the end", "a", true), tab("all", "all events", "a", true),
      tab("order", "order", "s", HISTORIES.length > 0), tab("compare", "beside the other", "c", other !== null)),
    element("div", { class: "tools" }, search,
      element("button", { type: "button", title: "light or dark (i)", "aria-label": "light or dark", onclick: toggleTheme }, "◐"),
      element("button", { type: "button", title: "keys (?)", "aria-label": "keys", onclick: toggleHelp }, "?")));
}

// Kinds with their signs and counts: the legend, and a switch each.
function drawKinds() {
  const of = run.sheet.groups.map((name, at) => {
    const count = run.counts[name] ?? 0;
    const sign = name === "faults" ? "fault-process" : GROUP_COLOURS[name];
    return element("button", { type: "button", class: "kind", "aria-pressed": !STATE.hidden.has(name), disabled: count === 0, title: `${name}: ${countText(count)} events; key ${(at + 1) % 10}`, onclick: () => toGroup(at) },
      element("span", { class: `glyph ${sign}` }, GLYPHS[name]), name, element("small", {}, countText(count)));
  });
  const lane = STATE.lane === NONE ? null : element("button", { type: "button", class: "kind only", onclick: () => { STATE.lane = NONE; refresh(); } }, `only ${laneName(run, STATE.lane)} ×`);
  document.getElementById("kinds").replaceChildren(...of, ...(lane ? [lane] : []));
}

function drawTabs() {
  for (const tab of document.querySelectorAll(".tab")) tab.setAttribute("aria-current", tab.dataset.view === STATE.view);
}

function refresh() {
  computeRows();
  document.body.dataset.view = STATE.view;
  document.getElementById("map").hidden = STATE.large || STATE.view === "order";
  for (const id of ["rows", "row-head"]) document.getElementById(id).hidden = STATE.view === "order" || STATE.view === "compare";
  document.getElementById("kinds").hidden = STATE.view === "order";
  layoutMap();
  document.getElementById("lanes").replaceChildren(...laneLabels(mapRun()));
  drawMap();
  drawKinds();
  drawTabs();
  drawSide();
  drawOrder();
  drawCompare();
  drawRows();
}

function start() {
  const app = document.getElementById("app");
  if (!run) {
    app.append(element("p", { class: "alone" }, "This trace has no events."));
    return;
  }
  app.append(
    makeBar(),
    element("aside", {}, element("div", { id: "story" }), element("div", { id: "detail", hidden: true })),
    element("main", {}, makeMap(), element("div", { id: "kinds", role: "toolbar", "aria-label": "kinds of event" }), makeRows(), element("div", { id: "order", hidden: true }), element("div", { id: "compare", hidden: true })),
    makeHelp());
  readColours();
  document.addEventListener("keydown", onKey);
  window.addEventListener("resize", refresh);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); refresh(); });
  refresh();
  reveal();
  performance.mark("ready");
}

start();
