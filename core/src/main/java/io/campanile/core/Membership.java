package io.campanile.core;

/** That a connection belongs to a group. Confined to the connection's shard. */
final class Membership {

    final LiveConnection connection;
    final Group group;

    /** Where it stands in the group's {@link Members}. */
    int index;

    Membership(LiveConnection connection, Group group) {
        this.connection = connection;
        this.group = group;
    }
}
