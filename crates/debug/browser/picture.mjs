// Takes a picture of a timeline for a page of the guide, and says in words what is on it:
// `node picture.mjs CHROMIUM PAGE PICTURE [KEY ..]`. The words are what is compared: the
// letters of two machines differ by a pixel.
import { chromium } from "playwright-core";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [executablePath, file, picture, ...keys] = process.argv.slice(2);
const PAIRS_MOST = 20;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: process.env.COLOUR_SCHEME ?? "light" });
const page = await context.newPage();
await page.goto(pathToFileURL(resolve(file)).href);
await page.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
for (const key of keys) await page.keyboard.press(key);
await page.screenshot({ path: picture });

// In the order in which it stands. How many events there are, what their digest is, and in
// which line of a source an assertion stands changes whenever one of its neighbours does.
const words = await page.evaluate((most) => {
  for (const count of document.querySelectorAll("#story .facts, #compare .same, #compare .head span")) count.remove();
  const seen = (one) => one && one.offsetParent !== null;
  const texts = (one) => {
    const found = [];
    const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) found.push(walker.currentNode.textContent.trim().replace(/\.rs:\d+/, ".rs").replace(/^after [\d\s]+ events that agree, /, ""));
    return found.filter((text) => text !== "" && !/^\+[\d\s]+$/.test(text)).join(" · ");
  };
  const host = document.getElementById("rows");
  const rows = new Map();
  for (let top = 0; seen(host) && top <= host.scrollHeight; top += 200) {
    host.scrollTop = top;
    host.dispatchEvent(new Event("scroll"));
    for (const row of host.querySelectorAll(".row")) rows.set(parseInt(row.style.top), texts(row));
  }
  const pairs = [...document.querySelectorAll("#compare .pair")].filter(seen).slice(0, most);
  return [
    ...[...document.querySelectorAll("header h1, #story section, #lanes .lane")].filter(seen).map(texts),
    ...[...rows].sort((a, b) => a[0] - b[0]).map(([, text]) => text),
    ...pairs.map((pair) => [...pair.children].map(texts).join(" | ").trimEnd()),
  ];
}, PAIRS_MOST);
console.log(words.join("\n"));
await browser.close();
