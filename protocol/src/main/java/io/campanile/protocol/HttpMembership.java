package io.campanile.protocol;

/**
 * What the body of {@code POST /api/join} and {@code POST /api/leave} asks for.
 *
 * @param who the connection, or the user with all connections
 * @param room a valid {@link RoomName}
 */
public record HttpMembership(DirectSend.Addressee who, String room) {}
