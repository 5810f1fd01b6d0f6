// The server as Node's `ws` sees it.
//
//     node ws-client.mjs http://127.0.0.1:8080 [compressed]
//
// With the second argument the server must agree on compression, which `ws` offers.

import { once } from "node:events";
import WebSocket from "ws";
import { check, equal, main, within } from "./checks.mjs";

/** One connection: requests by id, and what arrives kept by event until it is asked for. */
class Client {
  #arrived = []; // {text, message} nobody has asked for yet
  #wanted = []; // {matches, resolve} nothing has arrived for yet
  #lastId = 0;

  constructor(endpoint) {
    this.socket = new WebSocket(endpoint);
    this.end = once(this.socket, "close");
    this.socket.on("message", (bytes, binary) => {
      const text = String(bytes);
      const message = binary ? { event: "binary" } : JSON.parse(text);
      const i = this.#wanted.findIndex((wanted) => wanted.matches(message));
      if (i < 0) {
        this.#arrived.push({ text, message });
      } else {
        this.#wanted.splice(i, 1)[0].resolve({ text, message });
      }
    });
  }

  static async connect(endpoint) {
    const client = new Client(endpoint);
    const welcome = await client.next("welcome");
    equal(welcome.data.protocol, 1);
    client.id = welcome.data.connection;
    return client;
  }

  tell(event, data, id) {
    this.socket.send(JSON.stringify({ event, data, id }));
  }

  ask(event, data) {
    const id = ++this.#lastId;
    this.tell(event, data, id);
    return this.#first(`an answer to ${event}`, (message) => message.id === id).then(({ message }) => message);
  }

  async next(event) {
    return (await this.nextRaw(event)).message;
  }

  nextRaw(event) {
    return this.#first(event, (message) => message.event === event);
  }

  /** How many messages with this event have arrived and not been asked for. */
  waiting(event) {
    return this.#arrived.filter(({ message }) => message.event === event).length;
  }

  closed() {
    return within(10, "the close", this.end);
  }

  #first(what, matches) {
    const i = this.#arrived.findIndex(({ message }) => matches(message));
    if (i >= 0) {
      return Promise.resolve(this.#arrived.splice(i, 1)[0]);
    }
    return within(10, what, new Promise((resolve) => this.#wanted.push({ matches, resolve })));
  }
}

await main(60, async (server) => {
  const endpoint = `ws://${server.host}/ws`;

  const ada = await Client.connect(endpoint);
  const ben = await Client.connect(endpoint);
  const cleo = await Client.connect(endpoint);

  await check("each connection is welcomed under an id of its own", async () => {
    equal(new Set([ada.id, ben.id, cleo.id]).size, 3);
  });

  await check("compression is agreed on where the server is configured for it", async () => {
    const expected = process.argv[3] === "compressed" ? "permessage-deflate" : "";
    equal([ada, ben, cleo].map((client) => client.socket.extensions), [expected, expected, expected]);
  });

  await check("a join is answered with the room and its size", async () => {
    equal((await ada.ask("room.join", { room: "ws-lobby" })).data, { room: "ws-lobby", members: 1 });
    equal((await ben.ask("room.join", { room: "ws-lobby" })).data, { room: "ws-lobby", members: 2 });
    await cleo.ask("room.join", { room: "ws-kitchen" });
  });

  await check("a message reaches every member, the sender too, and its receipt says so", async () => {
    const answer = await ada.ask("room.publish", { room: "ws-lobby", event: "chat", data: { text: "hi" } });
    equal([answer.event, answer.data.matched, answer.data.queued], ["ack", 2, 2]);
    const expected = { event: "chat", room: "ws-lobby", data: { text: "hi" } };
    equal(await ada.next("chat"), expected);
    equal(await ben.next("chat"), expected);
  });

  await check("without echo the sender is left out", async () => {
    const answer = await ada.ask("room.publish", { room: "ws-lobby", event: "chat", data: 1, echo: false });
    equal(answer.data.queued, 1);
    equal((await ben.next("chat")).data, 1);
    await ada.ask("ping", null);
    equal(ada.waiting("chat"), 0);
  });

  await check("another room hears nothing of it", async () => {
    await cleo.ask("room.publish", { room: "ws-kitchen", event: "chat", data: "fence" });
    equal((await cleo.next("chat")).data, "fence");
    equal(cleo.waiting("chat"), 0);
  });

  await check("data passes through byte for byte", async () => {
    const data = `{"z":1.0,"a":[1e2, 3.1400 , -0],"z2":"\\u00e9 é \\ud83d\\udd14 🔔","big":12345678901234567890}`;
    ada.socket.send(`{"event":"room.publish","data":{"room":"ws-lobby","event":"raw","data":${data}}}`);
    const { text } = await ben.nextRaw("raw");
    if (!text.includes(`"data":${data}`)) {
      throw new Error(`got ${text}, expected it to contain ${data}`);
    }
  });

  await check("a long message reaches every member whole", async () => {
    const data = "Glockenturm é 🔔, ".repeat(2_000);
    await ada.ask("room.publish", { room: "ws-lobby", event: "long", data });
    equal((await ada.next("long")).data, data);
    equal((await ben.next("long")).data, data);
  });

  await check("messages of one sender arrive in the order sent", async () => {
    for (let i = 0; i < 500; i++) {
      ada.tell("room.publish", { room: "ws-lobby", event: "count", data: i });
    }
    for (let i = 0; i < 500; i++) {
      equal((await ben.next("count")).data, i);
    }
  });

  await check("a direct message reaches its addressee and names the sender", async () => {
    await ada.ask("direct.send", { to: cleo.id, event: "whisper", data: "psst" });
    equal(await cleo.next("whisper"), { event: "whisper", from: ada.id, data: "psst" });
    equal(ben.waiting("whisper"), 0);
  });

  await check("bad input is answered with an error, and the connection lives on", async () => {
    for (const bad of ["not json", `{"data":1}`, `[]`, `{"event":"no.such.event"}`, `{"event":"room.join","data":{}}`]) {
      ada.socket.send(bad);
      const error = await ada.next("error");
      if (!error.data?.code || !error.data?.message) {
        throw new Error(`the answer to ${bad} was ${JSON.stringify(error)}, expected a code and a message`);
      }
    }
    equal((await ada.ask("ping", { n: 1 })).data, { n: 1 });
  });

  await check("a WebSocket ping is answered", async () => {
    ada.socket.ping("are you there");
    const [payload] = await within(10, "a pong", once(ada.socket, "pong"));
    equal(String(payload), "are you there");
  });

  await check("who left hears no more", async () => {
    equal((await ben.ask("room.leave", { room: "ws-lobby" })).data, { room: "ws-lobby" });
    equal((await ada.ask("room.publish", { room: "ws-lobby", event: "chat", data: "alone" })).data.queued, 1);
    await ben.ask("ping", null);
    equal(ben.waiting("chat"), 0);
  });

  await check("text that is not UTF-8 ends the connection with 1007", async () => {
    const dora = await Client.connect(endpoint);
    dora.socket.send(Buffer.from([0x22, 0xc3, 0x28, 0x22]), { binary: false });
    equal((await dora.closed())[0], 1007);
  });

  await check("a close is answered in kind", async () => {
    ben.socket.close(1000, "good bye");
    equal((await ben.closed())[0], 1000);
  });

  for (const client of [ada, cleo]) {
    client.socket.close();
    await client.closed();
  }
});
