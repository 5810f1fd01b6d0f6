"""The server's event streams as Python's standard library sees them.

    python sse_client.py http://127.0.0.1:8080
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

PATIENCE_SECONDS = 20

# The machine's proxy is not for a server on it.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Stream:
    """An event stream, read as WHATWG HTML section 9.2 says."""

    def __init__(self, url, headers=()):
        request = urllib.request.Request(url, headers=dict(headers))
        self.answer = OPENER.open(request, timeout=PATIENCE_SECONDS)
        self.retry_millis = None

    def next(self):
        """The next event as (name, data), or None at the end of the stream."""
        name, data = "message", []
        for raw in self.answer:
            line = raw.decode("utf-8").rstrip("\n")
            if line == "":
                if data:
                    return name, "\n".join(data)
                name = "message"
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "retry":
                self.retry_millis = int(value)
        return None


def publish(server, body):
    request = urllib.request.Request(f"{server}/api/publish", data=body.encode(), method="POST")
    with OPENER.open(request, timeout=PATIENCE_SECONDS) as answer:
        return json.load(answer)


def status(url, headers=()):
    try:
        with OPENER.open(urllib.request.Request(url, headers=dict(headers)), timeout=PATIENCE_SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"got {actual!r}, expected {expected!r}")


def main(server):
    stream = Stream(f"{server}/sse?room=python&user=ada")
    equal(stream.answer.headers["Content-Type"], "text/event-stream")
    name, data = stream.next()
    equal(name, "welcome")
    equal(json.loads(data)["protocol"], 1)
    equal(2000 <= stream.retry_millis <= 4000, True)
    print("ok - a stream begins with a welcome")

    receipt = publish(server, '{"room":"python","event":"chat","data":{"text":"gr\u00fc\u00dfe","n":1.50}}')
    equal(receipt, {"matched": 1, "queued": 1, "dropped": 0, "evicted": 0})
    equal(stream.next(), ("chat", '{"text":"gr\u00fc\u00dfe","n":1.50}'))
    publish(server, '{"user":"ada","event":"note","data":[1,\n2]}')
    equal(stream.next(), ("note", "[1,\n2]"))
    print("ok - it hears its room and its user, byte for byte")

    whole = Stream(f"{server}/sse?room=python&envelope=true", {"Last-Event-ID": "7"})
    whole.next()
    for i in range(1000):
        publish(server, json.dumps({"room": "python", "event": "chat", "data": i}))
    for i in range(1000):
        equal(stream.next(), ("chat", str(i)))
        equal(json.loads(whole.next()[1]), {"event": "chat", "room": "python", "data": i})
    print("ok - two streams hear the same in the same order")

    equal(status(f"{server}/sse?room=a%20b"), 400)
    equal(status(f"{server}/sse?room=a", {"Origin": "http://evil.example"}), 403)
    equal(status(f"{server}/sse?lastEventId={'x' * 129}"), 400)
    print("ok - what cannot be is refused before the stream")


main(sys.argv[1])
print("all checks held")
