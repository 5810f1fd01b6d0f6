// Compressed messages as Chromium sees them, by a server that agrees on compression.
//
//     node compression.mjs http://127.0.0.1:8080

import { check, equal, main } from "./checks.mjs";
import { withBrowser } from "./chromium.mjs";

await main(60, (server) => withBrowser(server, {}, (browser) => run(browser, server)));

async function run(browser, server) {
  const page = await browser.newPage();
  await page.goto(`${server.origin}/healthz`);
  await page.evaluate(async (endpoint) => {
    window.socket = new WebSocket(endpoint);
    const heard = [];
    const wanted = [];
    socket.onmessage = (event) => (wanted.length ? wanted.shift()(event.data) : heard.push(event.data));
    window.next = () => (heard.length ? heard.shift() : new Promise((resolve) => wanted.push(resolve)));
    window.tell = (event, data) => socket.send(JSON.stringify({ event, data }));
    await next();
  }, `ws://${server.host}/ws`);

  await check("the browser and the server agree on compression", async () => {
    const extensions = await page.evaluate(() => socket.extensions);
    equal(extensions, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  });

  await check("messages of any size come back whole", async () => {
    const whole = await page.evaluate(async () => {
      tell("room.join", { room: "lobby" });
      for (let length = 1; length < 50_000; length *= 3) {
        const data = "Glockenturm é 🔔, ".repeat(length).slice(0, length);
        tell("room.publish", { room: "lobby", event: "chat", data });
        const message = JSON.parse(await next());
        if (message.event !== "chat" || message.data !== data) {
          return `${length}: ${JSON.stringify(message).slice(0, 200)}`;
        }
      }
      return "all";
    });
    equal(whole, "all");
  });
}
