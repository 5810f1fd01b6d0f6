"""The server as Python's `websockets` sees it.

    python websockets_client.py http://127.0.0.1:8080 [compressed]

With the second argument the server must agree on compression, which the library offers.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit

import websockets

PATIENCE_SECONDS = 10
EXTENSIONS = ["permessage-deflate"] if sys.argv[2:] == ["compressed"] else []


class Client:
    """One connection: requests by id, and what arrives kept until it is asked for."""

    def __init__(self, socket):
        self.socket = socket
        self.arrived = []
        self.last_id = 0

    @classmethod
    async def connect(cls, endpoint):
        client = cls(await websockets.connect(endpoint))
        equal([extension.name for extension in client.socket.protocol.extensions], EXTENSIONS)
        welcome = await client.next("welcome")
        equal(welcome["data"]["protocol"], 1)
        client.id = welcome["data"]["connection"]
        return client

    async def ask(self, event, data):
        self.last_id += 1
        wanted = self.last_id
        await self.socket.send(json.dumps({"event": event, "data": data, "id": wanted}))
        return await self.first(lambda message: message.get("id") == wanted)

    async def next(self, event):
        return await self.first(lambda message: message["event"] == event)

    def waiting(self, event):
        """How many messages with this event have arrived and not been asked for."""
        return sum(message["event"] == event for message in self.arrived)

    async def first(self, matches):
        for i, message in enumerate(self.arrived):
            if matches(message):
                return self.arrived.pop(i)
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_SECONDS))
            if matches(message):
                return message
            self.arrived.append(message)


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"got {actual!r}, expected {expected!r}")


async def two_hear_each_other_and_a_third_does_not(endpoint):
    ada, ben, cleo = [await Client.connect(endpoint) for _ in range(3)]
    await ada.ask("room.join", {"room": "py-lobby"})
    answer = await ben.ask("room.join", {"room": "py-lobby"})
    equal(answer["data"], {"room": "py-lobby", "members": 2})
    await cleo.ask("room.join", {"room": "py-kitchen"})

    receipt = await ada.ask("room.publish", {"room": "py-lobby", "event": "chat", "data": "hi"})

    equal((receipt["event"], receipt["data"]["queued"]), ("ack", 2))
    for client in (ada, ben):
        equal(await client.next("chat"), {"event": "chat", "room": "py-lobby", "data": "hi"})
    await cleo.ask("ping", None)
    equal(cleo.waiting("chat"), 0)
    for client in (ada, ben, cleo):
        await client.socket.close()


async def a_message_in_fragments_is_one_message(endpoint):
    client = await Client.connect(endpoint)
    whole = json.dumps({"event": "ping", "id": 7, "data": "Glockenturm é 🔔"}, ensure_ascii=False)

    await client.socket.send([whole[:5], whole[5:-4], whole[-4:]])

    equal(await client.next("pong"), {"event": "pong", "id": 7, "data": "Glockenturm é 🔔"})
    await client.socket.close()


async def long_messages_come_back_whole(endpoint):
    client = await Client.connect(endpoint)

    for length in (1, 100, 1_000, 10_000, 60_000):
        data = ("Glockenturm é 🔔, " * length)[: length // 2]
        equal((await client.ask("ping", data))["data"], data)

    await client.socket.close()


async def bad_input_is_answered_and_the_connection_lives_on(endpoint):
    client = await Client.connect(endpoint)

    await client.socket.send("{")
    error = await client.next("error")
    refused = await client.ask("no.such.event", {})

    equal(sorted(error["data"]), ["code", "message"])
    equal((refused["event"], sorted(refused["data"])), ("error", ["code", "message"]))
    equal((await client.ask("ping", [1, 2]))["data"], [1, 2])
    await client.socket.close()


async def pings_and_the_closing_handshake_are_answered(endpoint):
    client = await Client.connect(endpoint)

    await asyncio.wait_for(await client.socket.ping(), PATIENCE_SECONDS)
    await client.socket.close(1000, "good bye")

    equal(client.socket.close_code, 1000)


async def a_connection_that_vanishes_leaves_its_room(endpoint):
    stays = await Client.connect(endpoint)
    goes = await Client.connect(endpoint)
    await stays.ask("room.join", {"room": "py-hall"})
    await goes.ask("room.join", {"room": "py-hall"})

    goes.socket.transport.abort()

    async def alone():
        while True:
            receipt = await stays.ask("room.publish", {"room": "py-hall", "event": "chat", "data": 0})
            if receipt["data"]["matched"] == 1:
                return

    await asyncio.wait_for(alone(), PATIENCE_SECONDS)
    await stays.socket.close()


CHECKS = [
    two_hear_each_other_and_a_third_does_not,
    a_message_in_fragments_is_one_message,
    long_messages_come_back_whole,
    bad_input_is_answered_and_the_connection_lives_on,
    pings_and_the_closing_handshake_are_answered,
    a_connection_that_vanishes_leaves_its_room,
]


async def main(server):
    endpoint = f"ws://{urlsplit(server).netloc}/ws"
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            await asyncio.wait_for(check(endpoint), 30)
        except Exception as error:
            print(f"FAILED - {name}: {type(error).__name__}: {error}", file=sys.stderr)
            return 1
        print(f"ok - {name}", flush=True)
    print("all checks held")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[1].startswith("http://"):
        print(f"usage: python {sys.argv[0]} http://HOST:PORT [compressed]", file=sys.stderr)
        sys.exit(2)
    sys.exit(asyncio.run(main(sys.argv[1])))
