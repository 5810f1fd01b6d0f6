package io.campanile.gateway;

/**
 * What a handshake has agreed about compression (RFC 7692 section 7.1). Neither side uses one message for the next; the
 * client may always use the largest window.
 */
enum Agreement {
    /** Messages are not compressed. */
    PLAIN(""),
    /** The server may use the largest window. */
    WIDE("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
    /** The same for a client that names the largest window, which must be answered. */
    WIDE_NAMED(WIDE.extension + "; server_max_window_bits=15"),
    /** The server uses the smallest window that is common, however much more the client would bear. */
    NARROW(WIDE.extension + "; server_max_window_bits=" + DeflateFormat.NARROW_BITS);

    /** The value of {@code Sec-WebSocket-Extensions} in the answer; empty when there is none. */
    final String extension;

    Agreement(String extension) {
        this.extension = extension;
    }
}
