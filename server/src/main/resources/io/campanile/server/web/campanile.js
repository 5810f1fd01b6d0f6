/**
 * A client for Campanile's JSON envelope over WebSocket.
 *
 *     const campanile = new Campanile("/ws");
 *     campanile.on("message", ({ event, room, data }) => …);
 *     campanile.connect();
 *     await campanile.join("lobby");
 *     await campanile.publish("lobby", "chat", { text: "hi" });
 *
 * It stays connected until `close()` is called or the server ends the connection for good: a lost
 * connection is made again after the time the server asks for, else after a random delay, and the
 * rooms are joined again. What was sent while there was no connection is not kept: `publish` and
 * `direct` then reject with the code `not_connected`, and the caller decides.
 */

/** How long a new connection may take until the server's welcome. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long the server may take to answer. */
const ACK_TIMEOUT_MS = 10_000;

/** After this much silence the server is asked whether it is still there. */
const PING_AFTER_MS = 25_000;

/** The most that the first wait before a new attempt can be; it doubles with each attempt. */
const FIRST_DELAY_MS = 1_000;

/** The most that any wait before a new attempt can be. */
const MAX_DELAY_MS = 30_000;

/** A connection that lived this long was a good one: the next loss starts again at FIRST_DELAY_MS. */
const STABLE_AFTER_MS = 10_000;

/** What a browser reports for a connection that ended without a close handshake. */
const LOST = 1006;

/** Why a request failed: the server's code and sentence, or one of this client's own codes. */
export class CampanileError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "CampanileError";
    /** The server's code, or `timeout`, `not_connected`, `disconnected`, `left`, `closed`. */
    this.code = code;
  }
}

/**
 * Whether a client should connect again after a close with this code. The registered codes are
 * those of RFC 6455 section 7.4; 3000 to 3499 ask for a new connection, 3500 to 3999 forbid it.
 * Codes from 4000 belong to the application, which knows better than this file what they mean.
 */
export function mayReconnect(code) {
  switch (code) {
    case 1001: // the server goes away
    case 1005: // closed without a code, as proxies do
    case LOST:
    case 1011: // an error inside the server
    case 1012: // the server restarts
    case 1013: // the server has too much to do
    case 1014: // a gateway got no good answer
      return true;
    default:
      return code >= 3000 && code < 3500;
  }
}

/** A random wait between nothing and a ceiling that doubles with each attempt ("full jitter"). */
export function backOffMillis(attempt, random = Math.random) {
  return random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
}

/**
 * How long the server asks a closed client to wait: the milliseconds of a close reason that ends with `retry=12345`;
 * null when it does not.
 */
export function comeBackMillis(reason) {
  const found = /(?:^|, )retry=(\d{1,9})$/.exec(reason ?? "");
  return found ? Number(found[1]) : null;
}

/**
 * One connection to the server, made again whenever it is lost. Handlers are set with `on`:
 *
 * - `state`: `{name: "connecting"}`, `{name: "connected", connection}`,
 *   `{name: "reconnecting", attempt, delayMillis, retryAt, asked, code, reason}`, where `retryAt`
 *   is a time of `performance.now()` and `asked` says that the server chose it, or
 *   `{name: "closed", code, reason}`;
 * - `message`: `{event, room, from, data}`, everything that is not an answer to a request;
 * - `gap`: `{room, missed}`: this connection was too slow, and missed so many messages of the room; without `room`,
 *   messages that came through none;
 * - `joined`: `{room, members, again}` after each join, `again` when it followed a reconnect;
 * - `refused`: `{room, error}` when the server did not let us into a room;
 * - `error`: a CampanileError that answers no request of ours.
 */
export class Campanile {
  #url;
  #handlers = new Map();
  #state = { name: "closed", code: 0, reason: "not connected yet" };

  /** The socket in use; null between two attempts. Events of any other socket are ignored. */
  #socket = null;

  /** Requests without an answer yet, by id: `{resolve, reject, timer}`. */
  #requests = new Map();
  #lastId = 0;

  /** The rooms to be in, whether or not there is a connection: room name to `Wish`. */
  #rooms = new Map();

  #attempt = 0;
  #timer = 0; // the next attempt, or the limit on the one under way
  #pingTimer = 0;
  #pinged = false; // a ping is out and nothing was heard since
  #connectedAt = 0;

  #onOnline = () => {
    if (this.#state.name !== "reconnecting") {
      this.#ping();
    } else if (!this.#state.asked) {
      this.#open(); // a time that the server asked for holds all the same
    }
  };
  #onOffline = () => this.#ping();

  /** @param url of the WebSocket endpoint; a path is taken as one of this page's origin */
  constructor(url) {
    this.#url = new URL(url, location.href);
    this.#url.protocol = this.#url.protocol.replace(/^http/, "ws");
  }

  /** The state last told to the `state` handlers. */
  get state() {
    return this.#state;
  }

  /** The names of the rooms this client is in, or will be in once it is connected. */
  get rooms() {
    return [...this.#rooms.keys()];
  }

  /** Adds a handler. Returns a function that removes it. */
  on(kind, handler) {
    const handlers = this.#handlers.get(kind) ?? new Set();
    this.#handlers.set(kind, handlers);
    handlers.add(handler);
    return () => handlers.delete(handler);
  }

  /** Starts to connect and stays connected from then on. Does nothing when it already does. */
  connect() {
    if (this.#state.name !== "closed") {
      return;
    }
    addEventListener("online", this.#onOnline);
    addEventListener("offline", this.#onOffline);
    this.#attempt = 0;
    this.#open();
  }

  /** Closes the connection and stays closed, until `connect` is called. The rooms are kept. */
  close() {
    this.#finish(1000, "closed by this page");
  }

  /**
   * Joins a room, and joins it again after each reconnect. Without a connection it is joined as
   * soon as there is one. Resolves to `{room, members}`.
   */
  join(room) {
    const wish = this.#rooms.get(room) ?? new Wish();
    this.#rooms.set(room, wish);
    if (this.#state.name === "connected") {
      this.#sendJoin(room, wish, false);
    }
    return wish.answer;
  }

  /** Leaves a room. */
  async leave(room) {
    this.#rooms.get(room)?.reject(new CampanileError("left", "the room was left before it was joined"));
    this.#rooms.delete(room);
    if (this.#state.name === "connected") {
      await this.#request("room.leave", { room });
    }
  }

  /**
   * Publishes to a room. Resolves to the server's receipt.
   *
   * @param options `echo`: whether this connection gets the message too, if it is in the room; `key`: in rooms whose
   *   overflow policy goes by keys, slow clients may get this message instead of earlier ones with the same key
   */
  publish(room, event, data, { echo = true, key } = {}) {
    return this.#request("room.publish", { room, event, data, key, echo });
  }

  /** Sends to `{to: connection}` or to `{user: name}`. Resolves to the server's receipt. */
  direct(addressee, event, data) {
    return this.#request("direct.send", { ...addressee, event, data });
  }

  // --- The life of one socket ---

  #open() {
    clearTimeout(this.#timer);
    this.#say({ name: "connecting" });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timer = setTimeout(
      () => this.#lose(LOST, "no welcome from the server in time"),
      CONNECT_TIMEOUT_MS,
    );
    socket.onmessage = (frame) => {
      if (this.#socket === socket) {
        this.#receive(frame.data);
      }
    };
    socket.onclose = (close) => {
      if (this.#socket !== socket) {
        return;
      }
      if (mayReconnect(close.code)) {
        this.#lose(close.code, close.reason);
      } else {
        this.#finish(close.code, close.reason);
      }
    };
  }

  /** Gives the socket up, whatever state it is in, and plans the next attempt. */
  #lose(code, reason) {
    if (this.#connectedAt && performance.now() - this.#connectedAt >= STABLE_AFTER_MS) {
      this.#attempt = 0;
    }
    this.#drop("disconnected", "the connection was lost before the answer came");
    // A server that drains gives each client a time of its own, so that they do not come back all at once.
    const asked = comeBackMillis(reason);
    const delayMillis = asked ?? backOffMillis(this.#attempt);
    this.#attempt++;
    this.#timer = setTimeout(() => this.#open(), delayMillis);
    this.#say({
      name: "reconnecting",
      attempt: this.#attempt,
      delayMillis,
      retryAt: performance.now() + delayMillis,
      asked: asked !== null,
      code,
      reason,
    });
  }

  /** Ends for good. */
  #finish(code, reason) {
    removeEventListener("online", this.#onOnline);
    removeEventListener("offline", this.#onOffline);
    this.#drop("closed", "the connection was closed");
    this.#say({ name: "closed", code, reason });
  }

  #drop(code, message) {
    clearTimeout(this.#timer);
    clearTimeout(this.#pingTimer);
    const socket = this.#socket;
    this.#socket = null;
    this.#connectedAt = 0;
    // A dead link can keep `close` waiting for minutes; nobody waits for it, its events are ignored.
    socket?.close(1000);
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) {
      clearTimeout(request.timer);
      request.reject(new CampanileError(code, message));
    }
  }

  #welcomed(data) {
    clearTimeout(this.#timer);
    this.#connectedAt = performance.now();
    // Copied before the handlers run: a room that they join is sent by that call already.
    const rooms = [...this.#rooms];
    this.#say({ name: "connected", connection: data?.connection });
    for (const [room, wish] of rooms) {
      this.#sendJoin(room, wish, wish.joinedBefore);
    }
  }

  // --- Frames ---

  #receive(text) {
    this.#heard();
    let message;
    try {
      message = JSON.parse(text) ?? {};
    } catch {
      return; // binary, or not of this protocol
    }
    switch (message.event) {
      case "welcome":
        this.#welcomed(message.data);
        break;
      case "ack":
      case "pong":
        this.#answered(message.id)?.resolve(message.data);
        break;
      case "error": {
        const { code = "error", message: sentence = "the server gave no reason" } = message.data ?? {};
        const error = new CampanileError(code, sentence);
        const request = this.#answered(message.id);
        if (request) {
          request.reject(error);
        } else {
          this.#tell("error", error);
        }
        break;
      }
      case "campanile.gap":
        this.#tell("gap", { room: message.room, missed: message.data?.missed });
        break;
      default:
        this.#tell("message", message);
    }
  }

  /** Takes the request with this id off the list, if it is still waiting. */
  #answered(id) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    clearTimeout(request?.timer);
    return request;
  }

  #request(event, data) {
    if (this.#state.name !== "connected") {
      return Promise.reject(new CampanileError("not_connected", "there is no connection right now"));
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#requests.delete(id);
        reject(new CampanileError("timeout", `no answer to ${event} within ${ACK_TIMEOUT_MS / 1000} s`));
      }, ACK_TIMEOUT_MS);
      this.#requests.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ event, data, id }));
    });
  }

  #sendJoin(room, wish, again) {
    this.#request("room.join", { room }).then(
      (answer) => {
        wish.joinedBefore = true;
        wish.resolve(answer);
        this.#tell("joined", { room, members: answer?.members, again });
      },
      (error) => {
        // Lost on the way: the wish stays, and is sent again on the next connection.
        if (error.code === "disconnected" || error.code === "not_connected" || error.code === "closed") {
          return;
        }
        if (this.#rooms.get(room) === wish) {
          this.#rooms.delete(room);
        }
        wish.reject(error);
        this.#tell("refused", { room, error });
      },
    );
  }

  // --- Is the server still there? A browser does not show its pings, so silence is the only sign. ---

  #heard() {
    this.#pinged = false;
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => this.#ping(), PING_AFTER_MS);
  }

  #ping() {
    if (this.#state.name !== "connected" || this.#pinged) {
      return;
    }
    this.#pinged = true;
    clearTimeout(this.#pingTimer);
    const socket = this.#socket;
    this.#request("ping", null).catch((error) => {
      // Anything heard since is as good as the pong.
      if (error.code === "timeout" && this.#pinged && this.#socket === socket) {
        this.#lose(LOST, "the server fell silent");
      }
    });
  }

  #say(state) {
    this.#state = state;
    this.#tell("state", state);
  }

  #tell(kind, value) {
    for (const handler of this.#handlers.get(kind) ?? []) {
      handler(value);
    }
  }
}

/** A room to be in, and the promise of the first answer about it. */
class Wish {
  joinedBefore = false;

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Who listens to `refused` need not also handle the promise.
    this.answer.catch(() => {});
  }
}
