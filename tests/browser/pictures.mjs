// SPDX-License-Identifier: Apache-2.0
// Takes the pictures of docs/images from the running sample company (packaging/quickstart.sh --demo):
//   node pictures.mjs https://127.0.0.1:7444 NAME PASSWORD FOLDER
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, name, password, folder] = process.argv.slice(2);
if (!folder) { console.error("usage: node pictures.mjs ADDRESS NAME PASSWORD FOLDER"); process.exit(2); }
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--force-color-profile=srgb"] });
// The certificate is of the collector's own authority, on this machine.
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ignoreHTTPSErrors: true });
const page = await context.newPage();
await page.goto(address + "/login");
await page.fill("input[name=name], input[name=user], input[type=text]", name);
await page.fill("input[type=password]", password);
await Promise.all([page.waitForNavigation(), page.click("button[type=submit], button")]);
// The first `height` pixels of a page.
const shoot = async (path, file, height) => {
  await page.goto(address + path);
  await page.screenshot({ path: join(folder, file + ".png"), fullPage: true, clip: { x: 0, y: 0, width: 1280, height } });
};
await shoot("/", "overview", 1260);
await shoot("/findings", "findings", 900);
await shoot("/workloads", "workloads", 1100);
await shoot("/hosts", "hosts", 1100);
await shoot("/ai", "ai", 1500);
await shoot("/reports/cio", "cio", 1300);
for (const host of ["ai-01", "scada-gw-01", "lab-pc-03"]) {
  await page.goto(address + "/hosts");
  const link = await page.locator("a", { hasText: new RegExp("^" + host + "$") }).first().getAttribute("href");
  await shoot(link, "host-" + host, 1100);
}
// The CEO page as it is printed: one A4 page.
await page.setViewportSize({ width: 794, height: 1123 });
await page.emulateMedia({ media: "print" });
await page.goto(address + "/reports/ceo");
await page.screenshot({ path: join(folder, "ceo.png") });
await browser.close();
