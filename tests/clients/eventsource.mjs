// The server's event streams as Chromium's EventSource sees them.
//
//     node eventsource.mjs http://127.0.0.1:8080 KEY FRIEND STRANGER
//
// KEY is the server's API key. FRIEND and STRANGER are the addresses of two blank pages; the origin of
// the first is allowed by the server. The server is stopped and started by whoever reads this script's
// output: "@stop" asks for it and the answer "stopped" is awaited on standard input, then "@start" and
// "started" likewise.

import readline from "node:readline";
import { check, equal, main, within } from "./checks.mjs";
import { withBrowser } from "./chromium.mjs";

const [key, friendUrl, strangerUrl] = process.argv.slice(3);

await main(150, (server) => withBrowser(server, {}, (browser) => run(browser, server)));

async function run(browser, server) {
  const own = await browser.newPage();
  await own.goto(`${server.origin}/healthz`);
  const friend = await browser.newPage();
  await friend.goto(friendUrl);
  const stranger = await browser.newPage();
  await stranger.goto(strangerUrl);

  /** Opens a stream in a page; what it hears is kept there. */
  const open = (page, target) =>
    page.evaluate(
      ([url, names]) => {
        window.heard = [];
        window.stream = new EventSource(url, { withCredentials: true });
        stream.onerror = () => heard.push(["(error)", stream.readyState]);
        stream.onmessage = (event) => heard.push(["(message)", event.data]);
        for (const name of names) {
          stream.addEventListener(name, (event) => heard.push([name, event.data, event.origin]));
        }
      },
      [server.origin + target, ["welcome", "chat", "campanile.close"]],
    );

  /** Waits for the next event of that name and returns its data. */
  const next = (page, name) =>
    within(
      20,
      `event ${name}`,
      page
        .waitForFunction((name) => heard.some((event) => event[0] === name), name)
        .then(() =>
          page.evaluate((name) => {
            const at = heard.findIndex((event) => event[0] === name);
            return heard.splice(0, at + 1)[at][1];
          }, name),
        ),
    );

  const publish = (page, body) =>
    page.evaluate(
      async ([url, key, body]) => {
        try {
          const answer = await fetch(url, {
            method: "POST",
            credentials: "include",
            headers: { "content-type": "application/json", "x-api-key": key },
            body,
          });
          return await answer.json();
        } catch (error) {
          return error.name;
        }
      },
      [`${server.origin}/api/publish`, key, body],
    );

  await check("a page hears what is published to its rooms, by name", async () => {
    await open(own, "/sse?room=lobby&room=news");
    equal(JSON.parse(await next(own, "welcome")).protocol, 1);
    const receipt = await publish(own, '{"room":"news","event":"chat","data":{"n":1.50}}');
    equal(receipt, { matched: 1, queued: 1, dropped: 0, evicted: 0 });
    equal(await next(own, "chat"), '{"n":1.50}');
  });

  await check("data over several lines arrives whole", async () => {
    await publish(own, '{"room":"lobby","event":"chat","data":[1,\r\n 2,\n\r3]}');
    equal(await next(own, "chat"), "[1,\n 2,\n\n3]");
  });

  await check("a page of an allowed origin may listen and publish", async () => {
    await open(friend, "/sse?room=lobby&envelope=true");
    await next(friend, "(message)");
    const receipt = await publish(friend, '{"room":"lobby","event":"chat","data":"from a friend"}');
    equal(receipt.queued, 2);
    equal(JSON.parse(await next(friend, "(message)")), { event: "chat", room: "lobby", data: "from a friend" });
    equal(await next(own, "chat"), '"from a friend"');
  });

  await check("a page of another origin may do neither, and does not try again", async () => {
    await open(stranger, "/sse?room=lobby");
    equal(await next(stranger, "(error)"), 2);
    equal(await publish(stranger, '{"room":"lobby","event":"chat","data":"from a stranger"}'), "TypeError");
    equal(await stranger.evaluate(() => stream.readyState), 2);
  });

  const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const ask = async (request, answer) => {
    console.log(request);
    equal((await answers.next()).value, answer);
  };

  await check("a page is told that the server goes, and comes back to its rooms by itself", async () => {
    await ask("@stop", "stopped");
    equal(JSON.parse(await next(own, "campanile.close")).code, 1001);
    equal(await own.evaluate(() => stream.readyState), 0);
    await ask("@start", "started");
    await next(own, "welcome");
    equal((await publish(own, '{"room":"news","event":"chat","data":"again"}')).queued, 1);
    equal(await next(own, "chat"), '"again"');
  });

  await check("nothing but what was published was heard", async () => {
    equal((await own.evaluate(() => heard)).filter((event) => event[0] !== "(error)"), []);
  });
}
