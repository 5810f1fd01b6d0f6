package io.campanile.gateway;

import io.campanile.core.Message;

/** A ping to every client: one frame, shared by all. */
final class Ping extends Message {

    static final Ping INSTANCE = new Ping();

    private Ping() {
        super(Kind.BINARY);
    }

    @Override
    protected byte[] compose() {
        return new byte[0];
    }
}
