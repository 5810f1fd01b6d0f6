// The page of examples/trading-floor in Chromium, as three people use it.
//
//     node trading-floor.mjs http://127.0.0.1:8090
//
// CAMPANILE_CHROMIUM names the browser (default /usr/bin/chromium), CAMPANILE_SCREENSHOTS the directory for pictures.
// A price is asked for with a line such as "@price ACME 12.5", and the answer "told" is awaited on standard input.

import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { check, equal, main } from "./checks.mjs";
import { withBrowser } from "./chromium.mjs";

const PATIENCE_MS = 20_000;

await main(120, async (server) => {
  const screenshots = process.env.CAMPANILE_SCREENSHOTS ?? path.join(tmpdir(), "campanile-screenshots");
  await mkdir(screenshots, { recursive: true });
  await withBrowser(server, { viewport: { width: 1280, height: 800 } }, async (first) => {
    await withBrowser(server, { viewport: { width: 1280, height: 800 } }, async (second) => {
      await withBrowser(server, { viewport: { width: 1280, height: 800 } }, async (third) => {
        const browsers = [first, second, third];
        browsers.forEach((browser) => browser.setDefaultTimeout(PATIENCE_MS));
        try {
          await run(browsers, server, screenshots);
        } catch (error) {
          for (const [i, browser] of browsers.entries()) {
            await browser.pages().at(-1)?.screenshot({ path: path.join(screenshots, `floor-failure-${i}.png`) }).catch(() => {});
          }
          throw error;
        }
      });
    });
  });
});

async function run(browsers, server, screenshots) {
  const complaints = [];
  const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

  async function open(browser) {
    const page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (line) => {
      // A sign-in that is refused is told of by the browser, too.
      if (["error", "warning"].includes(line.type()) && !/status of 401/.test(line.text())) {
        complaints.push(line.text());
      }
    });
    await page.goto(server.origin);
    return page;
  }

  async function signIn(page, user, password) {
    await page.getByLabel("User").fill(user);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  const isIn = (page) => page.getByRole("status").getByText("connected", { exact: true }).waitFor();
  const line = (page, text) => page.getByRole("log").getByRole("listitem").filter({ hasText: text });
  const room = (page, name) => page.getByRole("group", { name: "Rooms" }).getByRole("button", { name });
  const here = (page) => page.locator("#here");

  async function say(page, text) {
    await page.locator("#say input").fill(text);
    await page.getByRole("button", { name: "Send" }).click();
    await line(page, text).waitFor();
  }

  async function price(symbol, value) {
    console.log(`@price ${symbol} ${value}`);
    equal((await answers.next()).value, "told");
  }

  const [ada, ben, cleo] = await Promise.all(browsers.map(open));

  await check("a wrong password is refused, in words", async () => {
    await signIn(ada, "ada", "demo-ben");
    await ada.getByText("no such user, or another password").waitFor();
    equal(await ada.locator("#floor").isVisible(), false);
    await ada.screenshot({ path: path.join(screenshots, "floor-sign-in.png") });
  });

  await check("the right ones let three people in, who see each other", async () => {
    await signIn(ada, "ada", "demo-ada");
    await signIn(ben, "ben", "demo-ben");
    await signIn(cleo, "cleo", "demo-cleo");
    for (const page of [ada, ben, cleo]) {
      await isIn(page);
      for (const user of ["ada", "ben", "cleo"]) {
        await here(page).getByRole("button", { name: user }).waitFor();
      }
    }
  });

  await check("scripts cannot read the token", async () => {
    equal(await ada.evaluate(() => document.cookie), "");
  });

  await check("no foreign or inline script runs", async () => {
    const ran = await ada.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.taken = true";
      document.body.append(script);
      script.remove();
      return window.taken === true;
    });
    equal(ran, false);
    equal(complaints.splice(0).filter((text) => !/Content Security Policy/i.test(text)), []);
  });

  await check("the hall hears everyone", async () => {
    await say(ada, "Good morning, floor");
    await line(ben, "Good morning, floor").waitFor();
    await line(cleo, "Good morning, floor").waitFor();
  });

  await check("a desk hears its own people only", async () => {
    equal(await room(ada, "desk.fx").count(), 0);
    await room(ben, "desk.fx").click();
    await say(ben, "Euro looks weak");
    await line(cleo, "Euro looks weak").waitFor();
    await room(cleo, "desk.fx").click();
    await say(cleo, "Agreed");
    await line(ben, "Agreed").waitFor();
    equal(await line(ada, "Euro looks weak").count(), 0);
    equal(await line(ada, "Agreed").count(), 0);
  });

  await check("a direct message reaches one person", async () => {
    await here(ada).getByRole("button", { name: "ben" }).click();
    await say(ada, "Lunch at noon?");
    await line(ben, "Lunch at noon?").getByText("to you alone").waitFor();
    equal(await line(cleo, "Lunch at noon?").count(), 0);
  });

  await check("what others write is text, never markup", async () => {
    const markup = `<img src="/x" onerror="document.title='taken'">`;
    await room(cleo, "hall").click();
    await say(cleo, markup);
    await line(ada, markup).waitFor();
    equal(await ada.locator("#log img").count(), 0);
    equal(await ada.title(), "Trading floor");
  });

  await check("prices flow, and are compared with the first", async () => {
    await price("BELL", 80);
    await price("ACME", 100);
    await price("ACME", 101.5);
    await ada.locator("#price-ACME").getByText("101.50").waitFor();
    await ada.locator("#price-ACME .up").getByText("+1.50 %").waitFor();
    await price("BELL", 79);
    await ada.locator("#price-BELL .down").getByText("−1.25 %").waitFor();
    equal(await ada.locator("#prices tr td:first-child").allTextContents(), ["ACME", "BELL"]);
  });

  await check("a page that sleeps through thousands of prices wakes up to the latest", async () => {
    // Nothing that the socket brings is looked at while a script runs.
    const asleep = cleo.evaluate(() => {
      const end = Date.now() + 2_000;
      while (Date.now() < end);
    });
    for (let i = 0; i < 200; i++) {
      await price("CLAY", 10 + i);
    }
    await asleep;
    await cleo.locator("#price-CLAY").getByText("209.00").waitFor();
  });

  await check("the page fits a desktop and a phone, by day and by night", async () => {
    for (const [picture, width, height, colorScheme] of [
      ["desktop-light", 1280, 800, "light"],
      ["desktop-dark", 1280, 800, "dark"],
      ["phone-light", 360, 740, "light"],
    ]) {
      await ben.setViewportSize({ width, height });
      await ben.emulateMedia({ colorScheme });
      await ben.screenshot({ path: path.join(screenshots, `floor-${picture}.png`), fullPage: width === 360 });
      equal(await ben.evaluate(() => document.documentElement.scrollWidth), width);
    }
  });

  await check("a reload needs no password", async () => {
    await ben.reload();
    await isIn(ben);
  });

  await check("who signs out is out, in every tab, and the others see it", async () => {
    const tab = await open(browsers[1]);
    await isIn(tab);
    await tab.getByRole("button", { name: "Sign out" }).click();
    for (const page of [ben, tab]) {
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      equal(await page.getByRole("status").textContent(), "not signed in");
    }
    await here(ada).getByRole("button", { name: "ben" }).waitFor({ state: "detached" });
    await ben.reload();
    await ben.getByRole("button", { name: "Sign in" }).waitFor();
  });

  await check("the console stayed quiet", async () => equal(complaints, []));
}
