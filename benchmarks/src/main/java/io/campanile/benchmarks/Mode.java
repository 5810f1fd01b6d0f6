package io.campanile.benchmarks;

import java.net.URI;
import java.util.List;

/** The language a server speaks over its WebSockets, as far as a load needs it. */
enum Mode {
    /** Campanile's JSON envelope: {@code room.join}, {@code room.publish}, {@code room.leave}. */
    CAMPANILE("/ws") {
        @Override
        List<Step> joining(String room) {
            return List.of(asking("room.join", 1, room));
        }

        @Override
        List<Step> leaving(String room) {
            return List.of(asking("room.leave", 2, room));
        }

        private Step asking(String event, int id, String room) {
            return new Step(
                    "{\"event\":\"" + event + "\",\"id\":" + id + ",\"data\":{\"room\":\"" + room + "\"}}",
                    "\"event\":\"ack\",\"id\":" + id + ",");
        }

        @Override
        String publication(String room, String data) {
            return "{\"event\":\"room.publish\",\"data\":{\"room\":\"" + room + "\",\"event\":\"m\",\"data\":\"" + data
                    + "\"}}";
        }

        @Override
        int overhead(String room) {
            return ("{\"event\":\"m\",\"room\":\"" + room + "\",\"data\":\"\"}").length();
        }

        @Override
        boolean isRefusal(String text) {
            return text.contains("\"event\":\"error\"");
        }
    },

    /**
     * A server that sends each text frame to everybody or, when there are several rooms, to everybody who connected with
     * the same {@code ?room=}. It answers nothing, and who leaves hangs up.
     */
    PLAIN("/ws") {
        @Override
        URI address(URI url, String room) {
            return URI.create(url + (url.getRawQuery() == null ? "?room=" : "&room=") + room);
        }

        @Override
        List<Step> joining(String room) {
            return List.of();
        }

        @Override
        List<Step> leaving(String room) {
            return List.of();
        }

        @Override
        String publication(String room, String data) {
            return "{\"event\":\"m\",\"data\":\"" + data + "\"}";
        }

        @Override
        int overhead(String room) {
            return publication(room, "").length();
        }

        @Override
        boolean isRefusal(String text) {
            return false;
        }
    },

    /** {@code arcly-http} with the events {@code join}, {@code leave} and {@code m} of the peer here. */
    ARCLY("/ws") {
        @Override
        List<Step> joining(String room) {
            return List.of(new Step("{\"event\":\"join\",\"data\":\"" + room + "\"}", "\"joined\""));
        }

        @Override
        List<Step> leaving(String room) {
            return List.of(new Step("{\"event\":\"leave\",\"data\":\"" + room + "\"}", "\"left\""));
        }

        @Override
        String publication(String room, String data) {
            return "{\"event\":\"m\",\"data\":{\"room\":\"" + room + "\",\"text\":\"" + data + "\"}}";
        }

        @Override
        int overhead(String room) {
            return PLAIN.overhead(room);
        }

        @Override
        boolean isRefusal(String text) {
            return text.contains("\"event\":\"error\"");
        }
    },

    /** Socket.IO 4 over a WebSocket only, with the events {@code join}, {@code leave} and {@code publish}. */
    SOCKETIO("/socket.io/?EIO=4&transport=websocket") {
        @Override
        List<Step> joining(String room) {
            return List.of(
                    new Step("", "0{"), new Step("40", "40{"), new Step("420[\"join\",\"" + room + "\"]", "430["));
        }

        @Override
        List<Step> leaving(String room) {
            return List.of(new Step("421[\"leave\",\"" + room + "\"]", "431["));
        }

        @Override
        String publication(String room, String data) {
            return "42[\"publish\",\"" + room + "\",\"" + data + "\"]";
        }

        @Override
        int overhead(String room) {
            return "42[\"m\",\"\"]".length();
        }

        @Override
        boolean isRefusal(String text) {
            return text.startsWith("44");
        }
    },

    /** STOMP 1.2 with rooms as topics of a broker that gives no receipts. Its headers come on top of the payload. */
    STOMP("/ws") {
        @Override
        List<Step> joining(String room) {
            return List.of(
                    new Step("CONNECT\naccept-version:1.2\nhost:localhost\nheart-beat:0,0\n\n\0", "CONNECTED\n"),
                    new Step("SUBSCRIBE\nid:0\ndestination:/topic/" + room + "\n\n\0", ""));
        }

        @Override
        List<Step> leaving(String room) {
            return List.of(new Step("UNSUBSCRIBE\nid:0\n\n\0", ""));
        }

        @Override
        String publication(String room, String data) {
            return "SEND\ndestination:/topic/" + room + "\ncontent-type:text/plain\n\n" + data + "\0";
        }

        @Override
        int overhead(String room) {
            return 0;
        }

        @Override
        boolean isRefusal(String text) {
            return text.startsWith("ERROR\n");
        }
    };

    /**
     * One turn of a conversation.
     *
     * @param send what the client says, empty when it only listens
     * @param awaited what the server's answer contains, empty when it does not answer
     */
    record Step(String send, String awaited) {}

    private final String path;

    Mode(String path) {
        this.path = path;
    }

    /** Returns where such servers take WebSockets. */
    URI at(int port) {
        return URI.create("ws://127.0.0.1:" + port + path);
    }

    /** Returns the URL to connect to for one room of several. */
    URI address(URI url, String room) {
        return url;
    }

    /** Returns what is said to become a member. */
    abstract List<Step> joining(String room);

    /** Returns what is said to be a member no longer, and to stay connected. */
    abstract List<Step> leaving(String room);

    /** Returns the text that publishes {@code data}, which needs no escaping. */
    abstract String publication(String room, String data);

    /** Returns how many bytes of payload there are around the data when a member receives it. */
    abstract int overhead(String room);

    /** Whether a server says with this text that it does not do what it was asked. */
    abstract boolean isRefusal(String text);
}
