// The demo page: rooms and chat on the left, the server's figures and a crowd on the right.
// Whatever comes from others is put on the page as text, never as markup.

import { Campanile } from "./campanile.js";

const $ = (id) => document.getElementById(id);

const campanile = new Campanile("/ws");

/** Makes an element; attributes and properties by name, children as nodes or text. */
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) {
      made[key] = value;
    } else {
      made.setAttribute(key, value);
    }
  }
  made.append(...children);
  return made;
}

const number = (value) => Math.round(value).toLocaleString("en");
const plural = (count, one) => `${number(count)} ${one}${count === 1 ? "" : "s"}`;

/** Changes a text only when it differs, so that a screen reader is not told the same twice. */
function say(where, text) {
  if (where.textContent !== text) {
    where.textContent = text;
  }
}

// --- What a reload brings back ---

/** Name and rooms outlive a reload, in this tab only; the room on show is in the address too. */
const memory = {
  read() {
    try {
      return JSON.parse(sessionStorage.getItem("campanile")) ?? {};
    } catch {
      return {}; // storage is forbidden, or holds something else
    }
  },
  write() {
    try {
      sessionStorage.setItem("campanile", JSON.stringify({ name: yourName(), rooms: [...rooms.keys()] }));
    } catch {
      // Without storage a reload starts afresh; the page works all the same.
    }
  },
};

const remembered = memory.read();

// --- Your name ---

const guestName = `Guest ${100 + Math.floor(Math.random() * 900)}`;
const yourName = () => $("name").value.trim() || guestName;

$("name").value = typeof remembered.name === "string" ? remembered.name : guestName;
$("name").addEventListener("change", () => {
  $("name").value = yourName();
  memory.write();
});

// --- Rooms ---

/** How many lines of a room are kept. */
const MAX_LINES = 300;

/** The rooms on the page, by name: `{name, lines, unread, button, badge, item}`. */
const rooms = new Map();
let current = null;

function addressRoom() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function enterRoom(name) {
  let room = rooms.get(name);
  if (!room) {
    const badge = element("span", { className: "unread", hidden: true });
    const button = element(
      "button",
      { type: "button", className: "choose", onclick: () => showRoom(room) },
      element("span", { className: "room-name", textContent: `# ${name}` }),
      badge,
    );
    const leave = element("button", {
      type: "button",
      className: "leave",
      textContent: "×",
      title: `Leave ${name}`,
      "aria-label": `Leave ${name}`,
      onclick: () => leaveRoom(room),
    });
    room = { name, lines: [], unread: 0, button, badge, item: element("li", { className: "room" }, button, leave) };
    rooms.set(name, room);
    $("rooms").append(room.item);
    memory.write();
    campanile.join(name).catch(() => {}); // told by `refused`
  }
  showRoom(room);
}

function leaveRoom(room) {
  campanile.leave(room.name).catch((error) => systemLine(`Leaving ${room.name}: ${error.message}.`));
  removeRoom(room);
}

function removeRoom(room) {
  rooms.delete(room.name);
  room.item.remove();
  memory.write();
  if (current === room) {
    showRoom(rooms.values().next().value ?? null);
  }
}

function showRoom(room) {
  current = room;
  for (const other of rooms.values()) {
    other.button.setAttribute("aria-current", String(other === room));
  }
  history.replaceState(null, "", room ? `#${encodeURIComponent(room.name)}` : location.pathname);
  $("chat-title").textContent = room ? `# ${room.name}` : "No room: join one to chat";
  $("text").disabled = !room;
  $("log").replaceChildren(...(room?.lines ?? []));
  if (room) {
    room.unread = 0;
    room.badge.hidden = true;
  }
  atBottom = true;
  scrollDown();
}

$("join").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("join-room").value.trim();
  if (name) {
    enterRoom(name);
    $("join-room").value = "";
  }
});

addEventListener("hashchange", () => {
  if (addressRoom()) {
    enterRoom(addressRoom());
  }
});

// --- The lines of a room ---

/** Whether the reader is at the newest line and wants to stay there. */
let atBottom = true;

/** Lines of the room on show that are not on the page yet: a burst costs one layout, not one each. */
let fresh = [];

$("log").addEventListener("scroll", () => {
  const log = $("log");
  atBottom = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
});

new ResizeObserver(scrollDown).observe($("log")); // a turned phone, or its keyboard

function scrollDown() {
  if (atBottom) {
    $("log").scrollTop = $("log").scrollHeight;
  }
}

function addLine(room, line) {
  room.lines.push(line);
  if (room.lines.length > MAX_LINES) {
    room.lines.shift().remove();
  }
  if (room === current) {
    if (fresh.push(line) === 1) {
      setTimeout(putFreshLines, 16);
    }
  }
}

function putFreshLines() {
  const keep = new Set(current?.lines);
  $("log").append(...fresh.filter((line) => keep.has(line)));
  fresh = [];
  scrollDown();
}

function clock() {
  const now = new Date();
  return element("time", {
    dateTime: now.toISOString(),
    textContent: now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  });
}

/** Says something on the page's own behalf, in one room or in all. */
function systemLine(text, inRooms = rooms.values()) {
  for (const room of inRooms) {
    addLine(room, element("li", { className: "system" }, clock(), text));
  }
}

// --- Chat ---

/** Messages of ours, by their number: the line on the page and the receipt, whichever came first. */
const sent = new Map();
let lastSent = 0;

$("send").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value;
  const room = current;
  if (!room || !text.trim()) {
    return;
  }
  $("text").value = "";
  $("send-problem").textContent = "";
  const number = ++lastSent;
  const mine = { receipt: element("span", { className: "receipt" }) };
  sent.set(number, mine);
  try {
    const answer = await campanile.publish(room.name, "chat", {
      name: yourName(),
      text,
      by: campanile.state.connection,
      number,
    });
    if (Number.isInteger(answer?.queued)) {
      mine.receipt.textContent = `to ${plural(answer.queued, "connection")}`;
    }
  } catch (error) {
    $("send-problem").textContent = `Not sent: ${error.message}.`;
    if (!$("text").value) {
      $("text").value = text;
    }
  }
  setTimeout(() => sent.delete(number), 60_000);
});

campanile.on("message", (message) => {
  const room = rooms.get(message.room);
  if (!room || message.event !== "chat") {
    return;
  }
  const { name = "?", text = "", by, number } = message.data ?? {};
  const mine = by === campanile.state.connection;
  const line = element(
    "li",
    { className: mine ? "mine" : "theirs" },
    element("span", { className: "by", textContent: String(name).slice(0, 40) }),
    element("span", { className: "text", textContent: String(text).slice(0, 2000) }),
    " ",
    clock(),
  );
  if (mine && sent.has(number)) {
    line.append(sent.get(number).receipt);
  }
  addLine(room, line);
  if (room !== current) {
    room.unread++;
    room.badge.replaceChildren(
      room.unread > 99 ? "99+" : String(room.unread),
      element("span", { className: "hidden", textContent: " unread" }),
    );
    room.badge.hidden = false;
  }
});

campanile.on("joined", ({ room, members, again }) => {
  const here = Number.isInteger(members) ? `; ${plural(members, "connection")} in it` : "";
  systemLine(`You ${again ? "are back in" : "joined"} ${room}${here}.`, [rooms.get(room)].filter(Boolean));
});

campanile.on("gap", ({ room, missed }) => {
  const text = `You missed ${plural(missed, "message")}: they came faster than this page could take them.`;
  systemLine(text, room ? [rooms.get(room)].filter(Boolean) : undefined);
});

campanile.on("refused", ({ room, error }) => {
  if (rooms.has(room)) {
    removeRoom(rooms.get(room));
  }
  const text = `The server did not let you into ${room}: ${error.message}.`;
  systemLine(text);
  $("send-problem").textContent = text;
});

campanile.on("error", (error) => systemLine(`The server says: ${error.message}.`));

// --- The state of the connection ---

let countdown = 0;

/** Whether there has been a connection already, and so whether the next one is a return. */
let connectedBefore = false;

campanile.on("state", (state) => {
  const why = (state.reason ?? "").replace(/(, )?retry=\d+$/, "") || `close code ${state.code}`;
  clearInterval(countdown);
  $("state").dataset.state = state.name;
  say($("state-text"), state.name);
  say($("state-wait"), "");
  switch (state.name) {
    case "connecting":
      break;
    case "connected":
      $("send-problem").textContent = "";
      if (connectedBefore) {
        systemLine("Connected again.");
      }
      connectedBefore = true;
      break;
    case "reconnecting": {
      const seconds = () => Math.max(0, Math.ceil((state.retryAt - performance.now()) / 1000));
      if (state.attempt === 1) {
        const what = connectedBefore ? "Connection lost" : "No connection";
        const asked = state.asked ? ", as the server asks" : "";
        systemLine(`${what} (${why}). Reconnecting in ${seconds()} s${asked}.`);
      }
      // Beside the status, not in it: a screen reader need not count along.
      const show = () => say($("state-wait"), `in ${seconds()} s, attempt ${state.attempt}`);
      show();
      countdown = setInterval(show, 250);
      break;
    }
    case "closed":
      systemLine(`The connection was closed (${why}). Reload to connect again.`);
      break;
  }
});

// --- The server's figures ---

/** How many readings a chart shows, one a second. */
const CHART_READINGS = 60;

/** A small curve over the last minute. A reading of null is a gap. */
class Chart {
  #svg;
  #top;
  #label;
  #readings = new Array(CHART_READINGS).fill(null);
  #curve = document.createElementNS("http://www.w3.org/2000/svg", "path");
  #area = document.createElementNS("http://www.w3.org/2000/svg", "path");

  constructor(svg, top) {
    this.#svg = svg;
    this.#top = top;
    this.#label = svg.getAttribute("aria-label");
    svg.setAttribute("viewBox", `0 0 ${CHART_READINGS - 1} 100`);
    svg.setAttribute("preserveAspectRatio", "none");
    this.#curve.setAttribute("class", "curve");
    this.#area.setAttribute("class", "area");
    svg.append(this.#area, this.#curve);
  }

  add(reading) {
    this.#readings.push(reading);
    this.#readings.shift();
    const known = this.#readings.filter((value) => value !== null);
    const most = Math.max(1, ...known);
    let curve = "";
    let area = "";
    let start = -1;
    this.#readings.forEach((value, x) => {
      if (value === null) {
        return;
      }
      const y = (96 - (90 * value) / most).toFixed(1);
      if (x === 0 || this.#readings[x - 1] === null) {
        start = x;
        curve += `M${x} ${y}`;
        area += `M${x} 100V${y}`;
      } else {
        curve += `L${x} ${y}`;
        area += `L${x} ${y}`;
      }
      if (x === CHART_READINGS - 1 || this.#readings[x + 1] === null) {
        area += `V100H${start}Z`;
      }
    });
    this.#curve.setAttribute("d", curve);
    this.#area.setAttribute("d", area);
    if (known.length > 0) {
      this.#top.textContent = `most ${number(Math.max(...known))}`;
      this.#svg.setAttribute("aria-label", `${this.#label}: at most ${number(Math.max(...known))}`);
    }
  }
}

const connectionsChart = new Chart($("connections-chart"), $("connections-top"));
const rateChart = new Chart($("rate-chart"), $("rate-top"));

/** The reading before, for the differences; null after a gap. */
let before = null;

async function readFigures() {
  if (campanile.state.name !== "connected") {
    noFigures();
    return;
  }
  try {
    const response = await fetch("/api/stats", { cache: "no-store" });
    if (!response.ok) {
      clearInterval(figuresTimer);
      $("figures-problem").textContent = `The server keeps its figures to itself (status ${response.status}).`;
      return;
    }
    showFigures({ ...(await response.json()), at: performance.now() });
  } catch {
    noFigures();
  }
}

function showFigures(now) {
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const rate = (key) => {
    const more = before ? now[key] - before[key] : -1;
    return seconds > 0 && more >= 0 ? more / seconds : null; // less than before: the server is a new one
  };
  const inRate = rate("messagesIn");
  const outRate = rate("messagesOut");
  $("connections").textContent = number(now.connections);
  $("room-count").textContent = number(now.rooms);
  $("in-rate").textContent = inRate === null ? "–" : number(inRate);
  $("out-rate").textContent = outRate === null ? "–" : number(outRate);
  connectionsChart.add(now.connections);
  rateChart.add(outRate);
  before = now;
}

function noFigures() {
  before = null;
  for (const id of ["connections", "room-count", "in-rate", "out-rate"]) {
    $(id).textContent = "–";
  }
  connectionsChart.add(null);
  rateChart.add(null);
}

const figuresTimer = setInterval(readFigures, 1000);

// --- The crowd: more connections from this page ---

const CROWD_SIZE = 200;

/** How many of the crowd connect at the same time. With more of them Chromium makes each wait for seconds. */
const CROWD_PACE = 8;

let crowd = null;

class Crowd {
  #room;
  #clients = [];
  #startedAt = performance.now();
  #openedMillis = 0;
  #opened = 0; // how many had joined the room at least once
  #heard = 0;
  #shown = setInterval(() => this.#show(), 250);
  #closed = false;

  constructor(room) {
    this.#room = room;
    for (let i = 0; i < CROWD_PACE; i++) {
      this.#openOne();
    }
    this.#show();
  }

  #openOne() {
    if (this.#closed || this.#clients.length === CROWD_SIZE) {
      return;
    }
    const client = new Campanile("/ws");
    this.#clients.push(client);
    client.on("message", () => this.#heard++);
    // Whatever comes of the first attempt, the next in line goes ahead.
    let settled = false;
    const settle = () => {
      if (!settled) {
        settled = true;
        this.#openOne();
      }
    };
    client.on("state", ({ name }) => {
      if (name === "reconnecting" || name === "closed") {
        settle();
      }
    });
    client.join(this.#room).then(() => {
      this.#opened++;
      if (this.#opened === CROWD_SIZE) {
        this.#openedMillis = performance.now() - this.#startedAt;
        this.#show();
      }
      settle();
    }, settle);
    client.connect();
  }

  get #open() {
    return this.#clients.filter((client) => client.state.name === "connected").length;
  }

  #show() {
    const open = this.#open;
    let text;
    if (this.#opened < CROWD_SIZE) {
      text = `Opening: ${open} of ${CROWD_SIZE} connections so far, all in ${this.#room}.`;
    } else if (open < CROWD_SIZE) {
      text = `${open} of ${CROWD_SIZE} extra connections are open; the others are reconnecting.`;
    } else {
      const seconds = (this.#openedMillis / 1000).toFixed(1);
      text = `${CROWD_SIZE} extra connections are open in ${this.#room}, opened in ${seconds} s.`;
    }
    sayCrowd(text, this.#heard);
  }

  close() {
    clearInterval(this.#shown);
    this.#closed = true;
    const open = this.#open;
    for (const client of this.#clients) {
      client.close();
    }
    sayCrowd(`${plural(open, "extra connection")} closed.`, this.#heard);
  }
}

/** The count of messages stands apart from the status, or a screen reader would read every change. */
function sayCrowd(text, heard = 0) {
  say($("crowd"), text);
  say($("crowd-heard"), heard > 0 ? `Together they heard ${plural(heard, "message")}.` : "");
}

$("crowd-open").textContent = `Open ${CROWD_SIZE} connections`;
$("crowd-open").addEventListener("click", () => {
  if (!current) {
    sayCrowd("Join a room first: the extra connections join the room you are in.");
    return;
  }
  crowd = new Crowd(current.name);
  $("crowd-open").disabled = true;
  $("crowd-close").disabled = false;
});
$("crowd-close").addEventListener("click", () => {
  crowd.close();
  crowd = null;
  $("crowd-open").disabled = false;
  $("crowd-close").disabled = true;
});

// --- Start ---

const wanted = Array.isArray(remembered.rooms) ? remembered.rooms.filter((name) => typeof name === "string") : [];
const first = addressRoom() || wanted[0] || "lobby";
for (const name of new Set([...wanted, first])) {
  enterRoom(name);
}
enterRoom(first);
memory.write();
campanile.connect();
