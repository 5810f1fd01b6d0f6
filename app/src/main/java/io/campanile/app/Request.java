package io.campanile.app;

import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.JsonSlice;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;

/** A message that came in an envelope; answered once. */
final class Request implements Message {

    private final ClientConnection client;
    private final String event;
    private final OptionalLong id;
    private final JsonSlice data;
    private final AtomicBoolean answered = new AtomicBoolean();

    Request(ClientConnection client, String event, OptionalLong id, JsonSlice data) {
        this.client = client;
        this.event = event;
        this.id = id;
        this.data = data;
    }

    @Override
    public String event() {
        return event;
    }

    @Override
    public OptionalLong id() {
        return id;
    }

    @Override
    public JsonSlice data() {
        return data;
    }

    @Override
    public boolean ack(Object value) {
        if (answered.get()) {
            return false;
        }
        // Before it counts as answered: what cannot be written is answered with the failure.
        JsonSlice written = id.isPresent() ? client.endpoint().json().write(value) : JsonSlice.NULL;
        if (!answered.compareAndSet(false, true)) {
            return false;
        }
        if (id.isPresent()) {
            client.reply(id, EnvelopeMessage.ack(id.getAsLong(), written));
        }
        return true;
    }

    @Override
    public boolean refuse(ErrorCode code, String sentence) {
        return refuse(code.wireName(), sentence);
    }

    boolean refuse(String code, String sentence) {
        if (!answered.compareAndSet(false, true)) {
            return false;
        }
        client.refuse(id, code, sentence);
        return true;
    }
}
