package io.campanile.protocol;

/**
 * What {@code direct.send} asks for.
 *
 * @param addressee who gets the message
 * @param event a valid {@link EventName} that is not reserved
 * @param data what the addressee gets, byte for byte
 */
public record DirectSend(Addressee addressee, String event, JsonSlice data) {

    /** Whom a direct message is for. */
    public sealed interface Addressee {

        /**
         * One connection.
         *
         * @param id as told to it in the {@code welcome} event
         */
        record OneConnection(String id) implements Addressee {}

        /**
         * All connections of one user.
         *
         * @param name the subject of the user's claims
         */
        record OneUser(String name) implements Addressee {}
    }
}
