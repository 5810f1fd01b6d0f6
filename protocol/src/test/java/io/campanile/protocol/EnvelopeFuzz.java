package io.campanile.protocol;

import io.campanile.protocol.Inbound.ProtocolError;
import io.campanile.protocol.Inbound.Request;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** What a fuzzer may throw at the envelope codec, and the payloads of its events. */
public final class EnvelopeFuzz {

    private EnvelopeFuzz() {}

    /**
     * Reads the bytes as a client's message, and as the body of a request to publish.
     *
     * @throws AssertionError if the codec breaks a promise
     */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Inbound inbound = EnvelopeCodec.decode(bytes);
        boolean isJsonObject = JacksonReferee.isJsonObject(bytes);
        if (inbound instanceof Request request) {
            expect(isJsonObject, "accepted what Jackson does not call a JSON object", bytes);
            JsonSlice data = request.data();
            expect(
                    data.isNull() || new String(bytes, StandardCharsets.UTF_8).contains(data.text()),
                    "data that is not in the message: " + data.text(),
                    bytes);
            Payloads.roomRequest(data);
            Payloads.roomPublish(data);
            Payloads.directSend(data);
        } else if (inbound instanceof ProtocolError error && error.code() != ErrorCode.LIMIT_EXCEEDED) {
            expect(
                    isJsonObject == (error.code() == ErrorCode.INVALID),
                    "refused as " + error.code() + ": " + error.message() + "; to Jackson it is "
                            + (isJsonObject ? "" : "not ") + "a JSON object",
                    bytes);
        }
        Payloads.httpPublish(bytes, 0, bytes.length);
    }

    private static void expect(boolean condition, String otherwise, byte[] bytes) {
        if (!condition) {
            throw new AssertionError(
                    otherwise + "; the bytes are " + HexFormat.of().formatHex(bytes));
        }
    }
}
