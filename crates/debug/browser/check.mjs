// Opens timelines in a headless Chromium as a person would, with keys, and says what is
// wrong: `node check.mjs CHROMIUM PAGES PICTURES`. What a page's anchors and rows must say
// is in PAGE.json beside it, where there is one: a text, or several of which one will do.
import { chromium } from "playwright-core";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [executablePath, pages, pictures] = process.argv.slice(2);
const OPENS_WITHIN_MS = 1000;
const ROWS_MOST = 40;
const KEYS_MOST = 3;

const wrong = [];
const check = (page, holds, words) => {
  if (!holds) wrong.push(`${page}: ${words}`);
};

async function open(browser, file, scheme) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: scheme });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => { complaints.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!/^(file|data):/.test(request.url())) complaints.push(`it asked for ${request.url()}`); });
  await page.goto(pathToFileURL(resolve(file)).href);
  await page.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
  return { page, context, complaints };
}

// From the start of loading until the default view is painted.
const painted = (page) => page.evaluate(() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const ready = performance.getEntriesByName("ready")[0].startTime;
    const paint = performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint")?.startTime ?? ready;
    done(Math.max(ready, paint));
  }));
}));

const picked = (page) => page.evaluate(() => {
  const row = document.querySelector('#rows .row[aria-selected="true"]');
  if (!row) return null;
  const box = row.getBoundingClientRect();
  const host = document.getElementById("rows").getBoundingClientRect();
  return { n: Number(row.dataset.n), text: row.innerText, tags: [...row.querySelectorAll(".tag")].map((tag) => tag.className.split(" ")[1]), inSight: box.top >= host.top && box.bottom <= host.bottom + 1 };
});

// Each anchor is there after few keys, from a fresh page.
async function checkKeys(name, page, expected) {
  for (const [tag, keys] of [["operation", "o"], ["message", "m"], ["fault", "f"], ["failure", "x"]]) {
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    check(name, keys.length <= KEYS_MOST, `${tag} takes ${keys.length} keys`);
    for (const key of keys) await page.keyboard.press(key);
    const row = await picked(page);
    const absent = await page.evaluate((wanted) => [...document.querySelectorAll(".goto .absent kbd")].some((one) => one.textContent === wanted), keys);
    if (absent && !expected[tag]) continue;
    check(name, row?.inSight, `${tag}: its row is not in sight after ${keys}`);
    check(name, row?.tags.includes(tag), `${tag}: ${keys} leads to ${row?.text?.replaceAll("\n", " | ")}`);
    const words = [expected[tag] ?? []].flat();
    check(name, words.length === 0 || words.some((one) => row?.text.includes(one)), `${tag} should say ${JSON.stringify(words)}, says ${row?.text.replaceAll("\n", " | ")}`);
  }
}

async function checkRows(name, page, expected) {
  const rows = await page.evaluate(() => {
    const host = document.getElementById("rows");
    const found = new Map();
    for (let top = 0; top <= host.scrollHeight; top += 200) {
      host.scrollTop = top;
      host.dispatchEvent(new Event("scroll"));
      for (const row of host.querySelectorAll(".row")) found.set(row.style.top, row.innerText);
    }
    return [...found].sort((a, b) => parseInt(a[0]) - parseInt(b[0])).map(([, text]) => text);
  });
  check(name, rows.length > 0 && rows.length <= ROWS_MOST, `the default view has ${rows.length} rows`);
  if (!expected.trigger) return;
  const at = rows.findLastIndex((text) => [expected.trigger].flat().some((one) => text.includes(one)));
  check(name, at !== -1 && rows.length - at <= ROWS_MOST, `the default view does not hold ${JSON.stringify(expected.trigger)}`);
}

// No two texts of the page lie over each other, and none is cut where it must not be.
const overlaps = (page) => page.evaluate(() => {
  const texts = [...document.querySelectorAll("header h1 > *, .tab, .kind, .lane, #story h2, #story p, .goto button, .recipe li")].filter((one) => one.offsetParent && !(one.matches(".lane") && one.getBoundingClientRect().bottom > document.getElementById("map").getBoundingClientRect().bottom));
  const boxes = texts.map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
  const found = [];
  for (const [a, one] of boxes) for (const [b, two] of boxes) {
    if (a === b || a.contains(b) || b.contains(a) || a.closest("#story") && !b.closest("#story")) continue;
    if (one.left < two.right - 1 && two.left < one.right - 1 && one.top < two.bottom - 1 && two.top < one.bottom - 1) found.push(`${a.innerText} / ${b.innerText}`);
  }
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  return { found: found.slice(0, 4), wide };
});

// Half a screen, and a corner of one: rows say what happened there too, from edge to edge.
async function checkNarrow(name, page) {
  const before = page.viewportSize();
  for (const width of [800, 500]) {
    await page.setViewportSize({ width, height: 800 });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const { found, wide } = await overlaps(page);
    check(name, found.length === 0, `at ${width} texts overlap: ${found.join("; ")}`);
    check(name, !wide, `at ${width} the page is wider than its window`);
    const hidden = await page.evaluate(() => [...document.querySelectorAll("#rows .row")].filter((row) => {
      const what = row.querySelector(".what").getBoundingClientRect();
      return what.width < 60 || what.right > innerWidth || row.offsetWidth < document.getElementById("rows").clientWidth;
    }).map((row) => row.innerText.replaceAll("\n", " | ")));
    check(name, hidden.length === 0, `at ${width} rows are cut off: ${hidden.slice(0, 2).join("; ")}`);
    await page.screenshot({ path: join(pictures, `${name}-${width}.png`) });
  }
  await page.setViewportSize(before);
}

async function checkPage(browser, file) {
  const name = basename(file, ".html");
  const beside = file.replace(/\.html$/, ".json");
  const expected = existsSync(beside) ? JSON.parse(readFileSync(beside, "utf8")) : {};
  for (const scheme of ["light", "dark"]) {
    const { page, context, complaints } = await open(browser, file, scheme);
    const took = await painted(page);
    check(name, took <= OPENS_WITHIN_MS, `its default view is painted after ${took.toFixed(0)} ms`);
    if (scheme === "light") console.log(`${name}: painted after ${took.toFixed(0)} ms`);
    await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`) });
    const red = await page.isVisible(".badge.red");
    if (scheme === "light") {
      if (red) await checkKeys(name, page, expected);
      await page.keyboard.press("x");
      await checkRows(name, page, expected);
      const { found, wide } = await overlaps(page);
      check(name, found.length === 0, `texts overlap: ${found.join("; ")}`);
      check(name, !wide, "the page is wider than its window");
      await checkNarrow(name, page);
      await checkViews(name, page, expected);
    }
    check(name, complaints.length === 0, `complaints in ${scheme}: ${complaints.join("; ")}`);
    await context.close();
  }
}

async function checkViews(name, page, expected) {
  const picture = (view) => page.screenshot({ path: join(pictures, `${name}-${view}.png`) });
  await page.keyboard.press("f");
  await page.keyboard.press("Enter");
  check(name, await page.isVisible("#detail"), "Enter does not show all about an event");
  await picture("detail");
  await page.keyboard.press("Escape");
  await page.keyboard.press("a");
  const all = await page.evaluate(() => document.body.dataset.view);
  check(name, all === "all", "a does not show all events");
  await picture("all");
  await page.keyboard.press("/");
  await page.keyboard.type("kind:fault");
  const groups = await page.evaluate(() => [...new Set([...document.querySelectorAll("#rows .row")].map((row) => row.classList[1]))]);
  check(name, groups.every((group) => group === "faults"), `kind:fault shows ${groups.join(", ")}`);
  await picture("search");
  if (expected.hostile) {
    await page.keyboard.press("Control+a");
    await page.keyboard.type("onerror");
    const row = await page.evaluate(() => document.querySelector("#rows .row .what")?.innerText ?? "");
    check(name, row.includes(expected.hostile), `markup of a trace should be text, is ${JSON.stringify(row)}`);
  }
  for (const [search, words] of Object.entries(expected.says ?? {})) {
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.press("Control+a");
    await page.keyboard.type(search);
    const row = await page.evaluate(() => document.querySelector("#rows .row .what")?.innerText ?? "");
    check(name, row.replaceAll("\u2009", " ").includes(words), `${search} should say ${JSON.stringify(words)}, says ${JSON.stringify(row)}`);
  }
  check(name, await page.evaluate(() => document.querySelector("img, iframe, object, embed, video") === null), "something of the trace became an element");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  check(name, await page.isVisible("#help"), "? does not tell the keys");
  await picture("help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("z");
  await picture("large");
  await page.keyboard.press("z");
  for (const [view, key] of [["order", "s"], ["compare", "c"]]) {
    if (!await page.evaluate((wanted) => document.querySelector(`.tab[data-view="${wanted}"]`) !== null, view)) continue;
    await page.keyboard.press(key);
    check(name, await page.isVisible(`#${view}`), `${key} does not show the view ${view}`);
    if (view === "compare") {
      await page.keyboard.press("d");
      check(name, await page.isVisible("#difference"), "d does not lead to the first difference");
    }
    await picture(view);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
  }
}

mkdirSync(pictures, { recursive: true });
const files = readdirSync(pages).filter((file) => file.endsWith(".html")).sort();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
console.log(`Chromium ${browser.version()}, ${files.length} pages`);
for (const file of files) await checkPage(browser, join(pages, file));
await browser.close();
if (files.length === 0) wrong.push(`no pages in ${pages}`);
for (const line of wrong) console.error(line);
process.exit(wrong.length === 0 ? 0 : 1);
