package io.campanile.protocol;

/**
 * What {@code room.publish} asks for.
 *
 * @param room a valid {@link RoomName}
 * @param event a valid {@link EventName} that is not reserved
 * @param data what the members get, byte for byte
 * @param key which earlier messages a slow client may miss for it: those of the room with the same key; empty for none.
 *     Counts in rooms whose overflow policy goes by keys only
 * @param echo whether the sender, if it is a member, gets the message too
 */
public record RoomPublish(String room, String event, JsonSlice data, String key, boolean echo) {}
