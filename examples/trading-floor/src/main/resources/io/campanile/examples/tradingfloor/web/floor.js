// The page of the trading floor: signs in, keeps one WebSocket, shows what it hears. No script can read the cookie that
// the sign-in sets; the browser sends it along when the socket opens.

const el = (id) => document.getElementById(id);
const FINAL = [1000, 1002, 1003, 1007, 1008, 1009];
const SIGNED_OUT = 4001;

let socket = null;
let attempts = 0;
let me = "";
let target = { room: "hall" };
let nextId = 1;
const waiting = new Map();
const first = new Map(); // the first price of each symbol, against which it is compared

function make(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function signedOut(reason = "") {
  socket = null;
  me = "";
  el("who").hidden = el("floor").hidden = true;
  el("entrance").hidden = false;
  el("status").textContent = "not signed in";
  el("refusal").textContent = reason;
  el("log").replaceChildren();
}

async function post(path, body) {
  return fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** Opens the socket, if there is a session: a socket that is refused does not tell the page why. */
async function connect() {
  el("status").textContent = "connecting";
  const session = await fetch("/session").then((answer) => answer.json()).catch(() => null);
  if (session === null) {
    connectLater("");
  } else if (!session.signedIn) {
    signedOut(me ? "Your session is over: sign in again." : "");
  } else {
    open();
  }
}

function open() {
  const opened = new WebSocket(`${location.origin.replace("http", "ws")}/floor`);
  opened.onmessage = (frame) => {
    const { event, id, data } = JSON.parse(frame.data);
    heard(event, id, data);
  };
  opened.onclose = (close) => {
    waiting.forEach(({ reject }) => reject(new Error("the connection was lost")));
    waiting.clear();
    if (FINAL.includes(close.code) || close.code >= 3500) {
      signedOut(close.code === SIGNED_OUT ? "" : `The server closed the connection: ${close.reason || close.code}.`);
    } else {
      connectLater(close.reason);
    }
  };
  socket = opened;
}

/** Comes again when the server asks for it, else after a random time below a limit that doubles. */
function connectLater(reason) {
  const asked = /retry=(\d+)$/.exec(reason);
  const wait = asked ? Number(asked[1]) : Math.random() * Math.min(30_000, 1_000 * 2 ** attempts);
  attempts += 1;
  el("status").textContent = `no connection, again in ${Math.ceil(wait / 1000)} s`;
  setTimeout(connect, wait);
}

function ask(event, data) {
  return new Promise((resolve, reject) => {
    if (socket?.readyState !== WebSocket.OPEN) {
      reject(new Error("there is no connection right now"));
      return;
    }
    const id = nextId++;
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ event, id, data }));
  });
}

function heard(event, id, data) {
  switch (event) {
    case "ack":
    case "error": {
      const question = waiting.get(id);
      waiting.delete(id);
      if (event === "ack") question?.resolve(data);
      else question?.reject(new Error(data.message));
      break;
    }
    case "you":
      entered(data);
      break;
    case "here":
      showHere(data.users);
      break;
    case "price":
      showPrice(data.symbol, data.price);
      break;
    case "said":
      addLine(data.by, `in ${data.room}`, data.text);
      break;
    case "direct":
      addLine(data.by, "to you alone", data.text, "direct");
      break;
  }
}

function entered({ user, rooms }) {
  me = user;
  attempts = 0;
  el("entrance").hidden = true;
  el("who").hidden = el("floor").hidden = false;
  el("user").textContent = user;
  el("status").textContent = "connected";
  el("rooms").replaceChildren(...rooms.map((room) => {
    const button = make("button", room);
    button.type = "button";
    button.addEventListener("click", () => choose({ room }));
    return button;
  }));
  rooms.filter((room) => room !== "hall").forEach((room) => ask("join", { room }).catch(tell));
  choose({ room: "hall" });
}

function choose(whom) {
  target = whom;
  el("to").textContent = whom.user ? `to ${whom.user} alone` : `to ${whom.room}`;
  for (const button of el("rooms").children) {
    button.setAttribute("aria-pressed", String(button.textContent === whom.room));
  }
}

function showHere(users) {
  el("here").replaceChildren(...users.map((user) => {
    const item = make("li", "");
    const button = make("button", user === me ? `${user} (you)` : user);
    button.type = "button";
    button.disabled = user === me;
    button.addEventListener("click", () => {
      choose({ user });
      el("say").elements.text.focus();
    });
    item.append(button);
    return item;
  }));
}

function showPrice(symbol, price) {
  let row = document.getElementById(`price-${symbol}`);
  if (!row) {
    row = document.createElement("tr");
    row.id = `price-${symbol}`;
    row.append(make("td", symbol), make("td", ""), make("td", ""));
    el("prices").append(row);
    [...el("prices").children].sort((a, b) => a.id.localeCompare(b.id)).forEach((r) => el("prices").append(r));
    first.set(symbol, first.get(symbol) ?? price);
  }
  const change = (price / first.get(symbol) - 1) * 100;
  const [, shown, changed] = row.children;
  shown.textContent = price.toFixed(2);
  changed.textContent = `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(2)} %`;
  changed.className = change < 0 ? "down" : "up";
}

function addLine(by, where, text, className = "") {
  const line = make("li", "", className);
  line.append(make("span", by, "by"), make("span", ` ${where}: `, "where"), make("span", text));
  const log = el("log");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(line);
  while (log.children.length > 500) log.firstChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function tell(error) {
  el("problem").textContent = `Not sent: ${error.message}.`;
}

el("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  el("refusal").textContent = "";
  const answer = await post("/login", { user: form.elements.user.value, password: form.elements.password.value })
    .catch(() => null);
  form.elements.password.value = "";
  if (answer?.ok) {
    attempts = 0;
    connect();
  } else {
    const problem = await answer?.json().catch(() => null);
    el("refusal").textContent = problem?.detail ?? "The server does not answer.";
  }
});

el("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = event.target.elements.text;
  const text = input.value;
  const whom = target;
  try {
    el("problem").textContent = "";
    if (whom.user) {
      await ask("direct", { user: whom.user, text });
      addLine(me, `to ${whom.user} alone`, text, "direct");
    } else {
      await ask("say", { room: whom.room, text });
    }
    input.value = "";
  } catch (error) {
    tell(error);
  }
});

el("sign-out").addEventListener("click", () => post("/logout", {}).catch(() => tell(new Error("the server does not answer"))));

// Whoever is signed in already, in another tab or before a reload, gets in without a password.
connect();
