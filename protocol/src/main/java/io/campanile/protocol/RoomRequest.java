package io.campanile.protocol;

/**
 * What {@code room.join} and {@code room.leave} ask for.
 *
 * @param room a valid {@link RoomName}
 */
public record RoomRequest(String room) {}
