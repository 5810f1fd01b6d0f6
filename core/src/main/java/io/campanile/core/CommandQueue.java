package io.campanile.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** The commands placed on one shard, in order. Any thread offers; whoever runs the shard takes. */
final class CommandQueue {

    /*
     * A linked queue with one consumer [1]. `head` is the node whose command was taken last, so the queue is empty when
     * head.next is null. A producer first swaps itself in as `tail`, which fixes its place, then links itself behind
     * its predecessor, which makes it visible. Between the two steps the queue looks empty from there on, although
     * later producers may have linked themselves already: the consumer stops at the gap, and the producer that closes
     * it wakes the consumer afterwards, as every producer does. So no command is left behind, and nobody spins.
     *
     * The consumer changes with the owner of the shard; Shard.busy carries `head` from one to the next.
     *
     * A taken node drops its command: what was done is not kept alive by the queue.
     *
     * [1] D. Vyukov, intrusive MPSC node-based queue.
     */

    private static final VarHandle TAIL;
    private static final VarHandle NEXT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            TAIL = lookup.findVarHandle(CommandQueue.class, "tail", Node.class);
            NEXT = lookup.findVarHandle(Node.class, "next", Node.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final class Node {
        @Nullable
        Command command;

        @SuppressWarnings("unused") // through NEXT
        private volatile @Nullable Node next;

        Node(@Nullable Command command) {
            this.command = command;
        }
    }

    private Node head = new Node(null);

    @SuppressWarnings("unused") // through TAIL
    private volatile Node tail = head;

    /** Places a command behind those placed before. Any thread. */
    void offer(Command command) {
        Node node = new Node(command);
        Node previous = (Node) TAIL.getAndSet(this, node);
        NEXT.setVolatile(previous, node);
    }

    /** Takes the first command, or null when there is none or its producer is still about to link it. */
    @Nullable
    Command poll() {
        Node next = (Node) NEXT.getAcquire(head);
        if (next == null) {
            return null;
        }
        head = next;
        Command command = next.command;
        next.command = null;
        return command;
    }

    /**
     * Returns whether {@link #poll} would give a command. Also asked by a thread that has just given up the shard: if
     * another has taken over since, the answer may be wrong, but then that one asks again when it ends.
     */
    boolean hasNext() {
        return NEXT.getVolatile(head) != null;
    }
}
