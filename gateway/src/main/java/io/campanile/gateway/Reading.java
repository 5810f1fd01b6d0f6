package io.campanile.gateway;

/**
 * Whether the node reads what a client sends. To stop reading is how an endpoint that has enough to do makes one client wait
 * without losing anything: what the client sends stays in the network, and then with the client.
 *
 * <p>Both methods may be called from any thread, at any time, also when the connection has left. On the event loop that owns
 * the connection they take effect at once, from elsewhere soon and in the order of the calls.
 *
 * <p>Messages that were read already are still delivered after {@link #pause}: as many as one read of 2 KiB had in it. Where
 * messages are compressed that may be up to a thousand times as many bytes, each message within its limit.
 *
 * <p>While the node itself does not read, the client's silence does not count: it is neither given up for idle nor for a pong
 * that was not read. A connection that ends is read again, so that the closing handshake can take place.
 */
public interface Reading {

    /** Reads nothing more from the client. Idempotent. */
    void pause();

    /** Reads again, from where reading stopped. Idempotent. */
    void resume();
}
