// Chromium as these scripts drive it: headless, with a profile of its own, and able to reach the server only.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

/** Runs with a browser that can reach the host of the server, and closes it afterwards. */
export async function withBrowser(server, options, run) {
  const profile = await mkdtemp(path.join(tmpdir(), "campanile-browser-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CAMPANILE_CHROMIUM || "/usr/bin/chromium",
    headless: true,
    ...options,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${server.hostname}`,
    ],
  });
  try {
    await run(browser);
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  }
}
