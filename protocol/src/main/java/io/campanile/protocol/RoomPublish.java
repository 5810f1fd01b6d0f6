package io.campanile.protocol;

/**
 * What {@code room.publish} asks for.
 *
 * @param room a valid {@link RoomName}
 * @param event a valid {@link EventName} that is not reserved
 * @param data what the members get, byte for byte
 * @param echo whether the sender, if it is a member, gets the message too
 */
public record RoomPublish(String room, String event, JsonSlice data, boolean echo) {}
