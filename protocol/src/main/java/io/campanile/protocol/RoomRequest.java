package io.campanile.protocol;

/**
 * What {@code room.join}, {@code room.leave} and {@code room.members} ask for.
 *
 * @param room a valid {@link RoomName}
 */
public record RoomRequest(String room) {}
