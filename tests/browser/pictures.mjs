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
const shoot = async (path, file, whole) => {
  await page.goto(address + path);
  await page.screenshot({ path: join(folder, file + ".png"), fullPage: whole });
};
await shoot("/", "overview", true);
await shoot("/findings", "findings", false);
await shoot("/findings", "findings-whole", true);
await shoot("/workloads", "workloads", true);
await shoot("/hosts", "hosts", true);
await shoot("/reports/ceo", "ceo", true);
await shoot("/reports/cio", "cio", true);
await page.goto(address + "/hosts");
for (const host of ["ai-01", "scada-gw-01", "lab-pc-03"]) {
  const link = await page.locator("a", { hasText: new RegExp("^" + host + "$") }).first().getAttribute("href");
  await shoot(link, "host-" + host, true);
  await page.goto(address + "/hosts");
}
await browser.close();
