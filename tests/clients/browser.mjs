// The demo page in Chromium, as people use it.
//
//     node browser.mjs http://127.0.0.1:8080
//
// CAMPANILE_CHROMIUM names the browser (default /usr/bin/chromium), CAMPANILE_SCREENSHOTS the
// directory for pictures. With CAMPANILE_RESTARTS=yes the server is stopped and started by whoever
// reads this script's output: "@stop" asks for it and the answer "stopped" is awaited on standard
// input, then "@start" and "started" likewise.

import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { check, equal, main } from "./checks.mjs";
import { withBrowser } from "./chromium.mjs";

const PATIENCE_MS = 20_000;

await main(150, async (server) => {
  const screenshots = process.env.CAMPANILE_SCREENSHOTS ?? path.join(tmpdir(), "campanile-screenshots");
  await mkdir(screenshots, { recursive: true });
  await withBrowser(server, { viewport: { width: 1280, height: 800 } }, async (browser) => {
    browser.setDefaultTimeout(PATIENCE_MS);
    try {
      await run(browser, server, screenshots);
    } catch (error) {
      for (const [i, page] of browser.pages().entries()) {
        await page.screenshot({ path: path.join(screenshots, `failure-${i}.png`) }).catch(() => {});
      }
      throw error;
    }
  });
});

async function run(browser, server, screenshots) {
  const complaints = [];
  const strangers = new Set();
  let outage = false; // while the server is down, a browser complains of that on the console
  const watchUrl = (url) => {
    if (new URL(url).host !== server.host && !url.startsWith("data:")) {
      strangers.add(url);
    }
  };
  browser.on("request", (request) => watchUrl(request.url()));

  async function open(room, name) {
    const page = await browser.newPage();
    page.on("websocket", (socket) => watchUrl(socket.url()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (line) => {
      const expected = outage && /ERR_CONNECTION_REFUSED|WebSocket connection to/.test(line.text());
      if (["error", "warning"].includes(line.type()) && !expected) {
        complaints.push(line.text());
      }
    });
    await page.goto(`${server.origin}/#${room}`);
    await isConnected(page);
    await line(page, `You joined ${room}`).waitFor();
    await page.getByLabel("Your name").fill(name);
    await page.getByLabel("Your name").press("Enter");
    return page;
  }

  const line = (page, text) => page.getByRole("log").getByRole("listitem").filter({ hasText: text });
  const isConnected = (page) => page.getByRole("status").getByText("connected", { exact: true }).waitFor();
  const shown = (page, id, text) =>
    page.waitForFunction(([id, text]) => document.getElementById(id).textContent === text, [id, text]);
  const countLines = (page) => page.locator("#log li:not(.system)").count();

  async function say(page, text) {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.getByRole("textbox", { name: "Message" }).press("Enter");
    await line(page, text).waitFor();
  }

  const ada = await open("lobby", "Ada");
  const ben = await open("lobby", "Ben");
  const cleo = await open("kitchen", "Cleo");

  await check("two pages in a room hear each other", async () => {
    await say(ada, "Hello from Ada");
    await line(ben, "Hello from Ada").waitFor();
    await say(ben, "And hello back");
    await line(ada, "And hello back").waitFor();
    equal(await line(ben, "Hello from Ada").locator(".by").textContent(), "Ada");
  });

  await check("the sender is told how many it reached", async () => {
    await line(ada, "Hello from Ada").getByText("to 2 connections").waitFor();
  });

  await check("a page in another room hears nothing of it", async () => {
    await say(cleo, "Only the kitchen hears this");
    equal(await countLines(cleo), 1);
    equal(await countLines(ada), 2);
  });

  await check("what others write is text, never markup", async () => {
    const markup = `<img src="/nowhere" onerror="document.title='taken'">`;
    await say(ben, markup);
    await line(ada, markup).waitFor();
    equal(await ada.locator("#log img").count(), 0);
    equal(await ada.title(), "Campanile");
  });

  await check("a page in several rooms shows what it has not read yet, and can leave", async () => {
    await ada.getByLabel("Room to join").fill("kitchen");
    await ada.getByRole("button", { name: "Join" }).click();
    await line(ada, "You joined kitchen").waitFor();
    await ada.getByRole("button", { name: "# lobby" }).click();
    await say(cleo, "Soup is ready");
    await ada.getByRole("button", { name: "# kitchen 1 unread" }).click();
    await line(ada, "Soup is ready").waitFor();
    await ada.getByRole("button", { name: "Leave kitchen" }).click();
    equal(await ada.getByRole("button", { name: "# kitchen" }).count(), 0);
    await line(ada, "Hello from Ada").waitFor();
  });

  await check("a reload keeps the name and joins the room again", async () => {
    await ben.reload();
    await isConnected(ben);
    await line(ben, "You joined lobby").waitFor();
    equal(await ben.getByLabel("Your name").inputValue(), "Ben");
    await say(ada, "Still there, Ben?");
    await line(ben, "Still there, Ben?").waitFor();
  });

  await check("the button opens 200 connections that hear the room", async () => {
    await shown(ada, "connections", "3");
    await ada.getByRole("button", { name: "Open 200 connections" }).click();
    await ada.getByText(/^200 extra connections are open in lobby/).waitFor();
    await shown(ada, "connections", "203");
    await say(ada, "Hello, everyone");
    await line(ada, "Hello, everyone").getByText("to 202 connections").waitFor();
    await ada.getByText("Together they heard 200 messages.").waitFor();
  });

  await check("the page fits a desktop and a phone, by day and by night", async () => {
    await say(ben, "Quite a crowd in here today, and every one of them hears each word we say");
    for (const [picture, width, height, colorScheme] of [
      ["desktop-light", 1280, 800, "light"],
      ["desktop-dark", 1280, 800, "dark"],
      ["phone-light", 360, 740, "light"],
      ["phone-dark", 360, 740, "dark"],
    ]) {
      await ada.setViewportSize({ width, height });
      await ada.emulateMedia({ colorScheme });
      await ada.screenshot({ path: path.join(screenshots, `${picture}.png`) });
      equal(await ada.evaluate(() => document.documentElement.scrollWidth), width);
    }
    await ada.screenshot({ path: path.join(screenshots, "phone-whole.png"), fullPage: true });
    const long = "a-room-with-a-name-that-is-longer-than-any-phone-is-wide/".repeat(2);
    await ada.getByLabel("Room to join").fill(long);
    await ada.getByRole("button", { name: "Join" }).click();
    await line(ada, `You joined ${long}`).waitFor();
    equal(await ada.evaluate(() => document.documentElement.scrollWidth), 360);
    await ada.getByRole("button", { name: `Leave ${long}` }).click();
    await line(ada, "Hello, everyone").waitFor();
    await ada.setViewportSize({ width: 1280, height: 800 });
  });

  await check("the 200 connections can be closed again", async () => {
    await ada.getByRole("button", { name: "Close the extra connections" }).click();
    await ada.getByText("200 extra connections closed.").waitFor();
    await shown(ada, "connections", "3");
  });

  await check("the client knows which close codes end it for good, and spreads its attempts", async () => {
    const [again, delays] = await ada.evaluate(async () => {
      const { backOffMillis, mayReconnect } = await import("/campanile.js");
      const codes = [1000, 1001, 1002, 1006, 1008, 1012, 1013, 2999, 3000, 3499, 3500, 3999, 4000];
      const attempts = [0, 1, 4, 5, 1000];
      return [codes.filter(mayReconnect), attempts.map((attempt) => backOffMillis(attempt, () => 0.5))];
    });
    equal(again, [1001, 1006, 1012, 1013, 3000, 3499]);
    equal(delays, [500, 1000, 8000, 15000, 15000]);
  });

  await check("the client waits as long as a close reason asks, and not otherwise", async () => {
    const found = await ada.evaluate(async () => {
      const { comeBackMillis } = await import("/campanile.js");
      return ["the server restarts, retry=12345", "retry=7", "retry=soon", "retry=1, or later", "noretry=5", "", undefined]
        .map(comeBackMillis);
    });
    equal(found, [12345, 7, null, null, null, null, null]);
  });

  if (process.env.CAMPANILE_RESTARTS === "yes") {
    const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const ask = async (request, answer) => {
      console.log(request);
      equal((await answers.next()).value, answer);
    };

    await check("pages say so when the server is gone, and keep trying", async () => {
      outage = true;
      await ask("@stop", "stopped");
      await line(ada, "as the server asks").last().waitFor();
      await ada.getByText(/^in \d+ s, attempt \d+$/).waitFor();
      await ada.screenshot({ path: path.join(screenshots, "reconnecting.png") });
    });

    await check("what is said meanwhile is not lost without a word", async () => {
      await ada.getByRole("textbox", { name: "Message" }).fill("Anybody?");
      await ada.getByRole("button", { name: "Send" }).click();
      await ada.getByText("Not sent: there is no connection right now.").waitFor();
      equal(await ada.getByRole("textbox", { name: "Message" }).inputValue(), "Anybody?");
    });

    await check("they come back by themselves, into their rooms", async () => {
      await ask("@start", "started");
      for (const page of [ada, ben, cleo]) {
        await isConnected(page);
      }
      outage = false;
      await line(ada, "You are back in lobby").last().waitFor();
      await line(ben, "You are back in lobby").last().waitFor();
      await say(ben, "Where were we?");
      await line(ada, "Where were we?").waitFor();
      await line(cleo, "You are back in kitchen").last().waitFor();
    });
  }

  await check("the console stayed quiet", async () => equal(complaints, []));
  await check("nothing was asked of anybody but the server", async () => equal([...strangers], []));
}
