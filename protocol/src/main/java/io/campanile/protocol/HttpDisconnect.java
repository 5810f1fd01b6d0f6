package io.campanile.protocol;

/**
 * What the body of {@code POST /api/disconnect} asks for.
 *
 * @param who the connection, or the user with all connections
 * @param code the close code: 1000, or one of the application's, 4000 to 4999
 * @param reason a sentence for the client, at most 123 bytes of UTF-8; may be empty
 */
public record HttpDisconnect(DirectSend.Addressee who, int code, String reason) {}
