// SPDX-License-Identifier: Apache-2.0
// Opens every page of the sample fleet in Chromium and says per check "ok …" or "not ok …":
//   node pages.mjs FOLDER [SCREENSHOTS]     FOLDER as write_pages made it, "poisoned" or not
// Payloads must neither run, open a dialog nor cause a request (goal S10); pages must fit a phone, and every text must
// stand out from what is behind it (WCAG AA), in light, dark and print. JavaScript is on: the pages need none.
import { createServer } from "node:http";
import { readdirSync, readFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [folder, pictures] = process.argv.slice(2);
const canary = "plumbline-canary";
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const types = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8" };
let failed = 0;
const say = (good, what) => { console.log((good ? "ok " : "not ok ") + what); if (!good) failed = 1; };

// The policy is sent with ?policy and to pages of the site only (files bring their own), so that escaping is seen to hold on its own as well.
const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const path = join(folder, url.pathname.replaceAll("..", ""));
  if (url.pathname === "/style.css") { response.setHeader("content-type", types.css); response.end(readFileSync(join(folder, "style.css"))); return; }
  if (!existsSync(path)) { response.statusCode = 404; response.end(); return; }
  response.setHeader("content-type", types[path.split(".").pop()] ?? "text/plain");
  if (url.searchParams.has("policy") && !url.pathname.startsWith("/file-")) response.setHeader("content-security-policy", policy);
  response.end(readFileSync(path));
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${server.address().port}`;
const pages = readdirSync(folder).filter((name) => name.endsWith(".html"));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--force-color-profile=srgb"] });

// Runs in the page: texts whose contrast is below 4.5 (3 for large ones), with what stands behind them.
function faint() {
  const parse = (text) => { const n = (text.match(/[\d.]+/g) ?? []).map(Number); return n.length < 3 ? [0, 0, 0, 0] : [n[0], n[1], n[2], n[3] ?? 1]; };
  const luminance = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility?.() || element.closest(".unseen, .skip, select")) continue;
    let behind = element, back = [0, 0, 0, 0];
    while (behind && back[3] === 0) { back = parse(getComputedStyle(behind).backgroundColor); behind = behind.parentElement; }
    if (back[3] === 0) back = [255, 255, 255, 1];
    const style = getComputedStyle(element);
    const front = parse(element.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const [a, b] = [luminance(front), luminance(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.5 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} "${node.textContent.trim().slice(0, 30)}"`);
  }
  return found;
}

// Runs in the page: what a person without mouse or sight would miss.
function unnamed() {
  const found = [];
  for (const control of document.querySelectorAll("input:not([type=hidden]), select")) if (!control.labels?.length) found.push("control without a label: " + control.name);
  for (const image of document.querySelectorAll("svg")) if (image.getAttribute("role") !== "img" || !image.getAttribute("aria-label")) found.push("picture without a label");
  for (const link of document.querySelectorAll("a[href], button")) if (!link.textContent.trim()) found.push("link without text");
  for (const cell of document.querySelectorAll("th")) if (!cell.getAttribute("scope")) found.push("table head without a scope");
  if (document.querySelectorAll("h1").length !== 1) found.push("not exactly one h1");
  if (!document.documentElement.lang) found.push("no language");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) found.push("an id stands twice");
  return found;
}

const shoot = async (page, name) => { if (pictures) { mkdirSync(pictures, { recursive: true }); await page.screenshot({ path: join(pictures, name + ".png"), fullPage: true }); } };

for (const [kind, options] of [["desktop-light", { viewport: { width: 1280, height: 900 } }], ["desktop-dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
  ["phone-light", { viewport: { width: 390, height: 844 } }], ["phone-dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }], ["small-phone", { viewport: { width: 320, height: 640 } }]]) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  for (const name of pages) {
    await page.goto(`${origin}/${name}?policy`);
    for (const closed of await page.$$("details:not([open]) > summary")) await closed.evaluate((summary) => { summary.parentElement.open = true; });
    const label = `${kind} ${name}`, dim = await page.evaluate(faint), missing = await page.evaluate(unnamed);
    say(dim.length === 0, `${label}: every text stands out${dim.length ? ": " + dim.slice(0, 3).join("; ") : ""}`);
    if (kind === "desktop-light") say(missing.length === 0, `${label}: everything has a name${missing.length ? ": " + missing.slice(0, 3).join("; ") : ""}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    say(wide <= 0, `${label}: nothing to scroll sideways${wide > 0 ? `, ${wide} px too wide` : ""}`);
    if (kind !== "small-phone") await shoot(page, `${kind}-${name.replace(".html", "")}`);
  }
  await context.close();
}
{
  const context = await browser.newContext({ viewport: { width: 794, height: 1123 } });
  const page = await context.newPage();
  await page.emulateMedia({ media: "print" });
  for (const name of pages.filter((each) => /^(file-|report-)/.test(each))) {
    await page.goto(`${origin}/${name}?policy`);
    const dim = await page.evaluate(faint);
    say(dim.length === 0, `print ${name}: every text stands out${dim.length ? ": " + dim.slice(0, 3).join("; ") : ""}`);
    const overlap = await page.evaluate(() => { const ask = document.querySelector(".ask"), foot = document.querySelector(".sheet-foot"); return ask && foot ? ask.getBoundingClientRect().bottom - foot.getBoundingClientRect().top : -1; });
    say(overlap <= 0, `print ${name}: nothing lies over the foot of the page`);
    await shoot(page, `print-${name.replace(".html", "")}`);
  }
  await context.close();
}

// One page of each template holds every place a text can stand; the other findings and hosts repeat them.
const distinct = pages.filter((name) => !/^(finding-(?!ssh.root-login|data.vector-store)|host-[bc]|report-|login|error|reports)/.test(name));
const poisoned = readdirSync(folder).filter((name) => name.startsWith("payload-"));
if (poisoned.length) {
  const context = await browser.newContext();
  const page = await context.newPage();
  let dialogs = 0, requests = [];
  page.on("dialog", async (dialog) => { ++dialogs; await dialog.dismiss(); });
  await page.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (url.origin === origin && (url.pathname.endsWith(".html") || ["/style.css", "/icon.svg"].includes(url.pathname))) return route.continue();
    if (url.pathname === "/favicon.ico") return route.abort();
    requests.push(url.href.slice(0, 80));
    return route.abort();
  });
  for (const payload of poisoned) {
    dialogs = 0; requests = [];
    let ran = 0;
    for (const name of distinct) {
      await page.goto(`${origin}/${payload}/${name}`, { waitUntil: "load" });
      const title = await page.title();
      const live = await page.evaluate(() => [...document.querySelectorAll("*")].some((e) => e.tagName === "SCRIPT" || e.tagName === "IFRAME" || e.tagName === "IMG" || [...e.attributes].some((a) => a.name.startsWith("on"))));
      if (title === canary || live) ++ran;
    }
    say(ran === 0 && dialogs === 0 && requests.length === 0, `${payload}: no script, no dialog, no request on ${distinct.length} pages${requests.length ? ": " + requests[0] : ""}`);
  }
  await context.close();
}
await browser.close();
server.close();
process.exit(failed);
