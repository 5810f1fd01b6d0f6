package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadPlan.Inspection;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One connection of the generator: opens, joins its room, then counts what it receives and publishes when told to. */
final class LoadConnection extends Client implements BareReader.Reading {

    /** Who owns the connections. Called on the connection's event loop. */
    interface Owner {

        /** The connection takes part from now on. */
        void ready(LoadConnection connection);

        /** The connection cannot take part, or not any longer. */
        void failed(LoadConnection connection, String why);

        /** A sampled message arrived, so long after it should have been sent. */
        void delivered(LoadConnection connection, long latencyNanos);

        /** So many messages arrived. */
        void counted(LoadConnection connection, int messages);
    }

    /** What a connection is there for. */
    enum Role {
        RECEIVER,
        RECEIVER_AND_PUBLISHER,
        /** Publishes to a room that it is no member of; what it receives is not counted. */
        PUBLISHER,
        /** A member that is going to stop reading; what it receives is not counted. */
        STALLING;

        boolean joins() {
            return this != PUBLISHER;
        }

        boolean receives() {
            return this == RECEIVER || this == RECEIVER_AND_PUBLISHER;
        }

        boolean publishes() {
            return this == PUBLISHER || this == RECEIVER_AND_PUBLISHER;
        }
    }

    private enum Phase {
        HANDSHAKE,
        JOINING,
        TAKING_PART,
        OVER
    }

    private static final int JOIN_CAPTURE = 4_096;
    private static final int SAMPLE_CAPTURE = 512;
    private static final int STALLED_BUFFER_BYTES = 16_384;

    private final int index;
    private final int loop;
    private final Role role;
    private final boolean sampled;
    private final Owner owner;

    private Phase phase = Phase.HANDSHAKE;
    private @Nullable Dialogue joining;
    private byte[] outgoing = {};
    private int outgoingStamp;
    private int stampGuess = -1;
    private long received;
    private long inspected;

    // Null where the channel reads.
    private @Nullable BareReader reader;

    // Null until all connections take part; only then is anything published.
    private RoomLoad.@Nullable Part part;

    LoadConnection(int index, int room, int loop, Role role, boolean sampled, LoadPlan plan, Owner owner) {
        super(plan, room);
        this.index = index;
        this.loop = loop;
        this.role = role;
        this.sampled = sampled;
        this.owner = owner;
    }

    int room() {
        return room;
    }

    int loop() {
        return loop;
    }

    Role role() {
        return role;
    }

    /**
     * Counts messages into {@code part} from now on. On the event loop, after the connection is ready.
     *
     * @param buffer what a socket is read into for which nothing but that is left to do
     */
    void countInto(RoomLoad.Part part, ByteBuf buffer) {
        if (role.receives()) {
            this.part = part;
        }
        received = 0;
        inspected = 0;
        frames.capture(sampled || role.publishes() ? SAMPLE_CAPTURE : 0);
        if (role == Role.RECEIVER && phase == Phase.TAKING_PART && channel() instanceof EpollSocketChannel epoll) {
            reader = BareReader.insteadOf(epoll, this, buffer);
        }
    }

    /** Sends the room's next message, at once when on the event loop. */
    void publish(RoomLoad target, long nanos) {
        if (!hasChannel()) {
            return;
        }
        Channel ours = channel();
        if (!ours.eventLoop().inEventLoop()) {
            ours.eventLoop().execute(() -> publish(target, nanos));
            return;
        }
        if (outgoing.length == 0) {
            outgoing = outgoing();
            outgoingStamp = Stamp.find(outgoing, outgoing.length, -1);
        }
        Stamp.write(outgoing, outgoingStamp, nanos, target.nextNumber(nanos));
        send(ClientFrames.TEXT, outgoing, outgoing.length);
    }

    /** Reads nothing from now on; may be called from any thread. */
    void stall() {
        Channel ours = channel();
        ours.eventLoop().execute(() -> {
            ours.config().setAutoRead(false);
            // Else the kernel takes megabytes more, depending on how far it had let the buffer grow.
            ours.config().setOption(ChannelOption.SO_RCVBUF, STALLED_BUFFER_BYTES);
        });
    }

    /** Returns the port on this side, which says whose a socket of the server is. */
    int port() {
        return channel().localAddress() instanceof InetSocketAddress address ? address.getPort() : 0;
    }

    /** Ends the connection without further ado; may be called from any thread. */
    void close() {
        if (hasChannel()) {
            Channel ours = channel();
            ours.eventLoop().execute(() -> {
                phase = Phase.OVER;
                closeChannel();
            });
        }
    }

    private byte[] outgoing() {
        byte[] stamp = new byte[Stamp.LENGTH];
        Stamp.write(stamp, 0, 0, 0);
        String name = LoadPlan.roomName(room);
        String data = new String(stamp, StandardCharsets.US_ASCII)
                + "x".repeat(plan.size() - plan.mode().overhead(name) - Stamp.LENGTH);
        return plan.mode().publication(name, data).getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    void opened() {
        if (role.joins()) {
            phase = Phase.JOINING;
            frames.capture(JOIN_CAPTURE);
            joining = dialogue(plan.mode().joining(LoadPlan.roomName(room)));
        }
        if (joining == null || joining.isOver()) {
            takePart();
        }
    }

    @Override
    void feed(ByteBuf in) throws FrameCounter.BrokenFrameException {
        RoomLoad.Part counting = part;
        int messages = frames.feed(in);
        if (counting != null && messages > 0) {
            long before = received;
            received = before + messages;
            owner.counted(this, messages);
            counting.counted(before, messages);
        }
    }

    @Override
    public void message(byte[] payload, int length) {
        if (phase == Phase.JOINING && joining != null) {
            joining(joining, new String(payload, 0, length, StandardCharsets.UTF_8));
        } else if (part == null) {
            if (plan.mode() == Mode.CAMPANILE && !isWelcome(payload, length)) {
                fail("the server sent what no member of a room gets: " + text(payload, length));
            }
        } else {
            int stamp = Stamp.find(payload, length, stampGuess);
            if (stamp < 0) {
                fail("received a message that this run did not send: " + text(payload, length));
            } else {
                stampGuess = stamp;
                if (plan.inspection() == Inspection.EVERY_MESSAGE) {
                    inspect(Stamp.number(payload, stamp));
                }
                if (sampled) {
                    owner.delivered(this, System.nanoTime() - Stamp.sentNanos(payload, stamp));
                }
            }
        }
    }

    private void inspect(long number) {
        long expected = inspected++;
        if (number != expected) {
            fail("received message " + number + " (expected: message " + expected
                    + ", since each is to arrive once and in order)");
        }
    }

    private void joining(Dialogue dialogue, String text) {
        try {
            dialogue.hear(text);
            if (dialogue.isOver()) {
                takePart();
            }
        } catch (Dialogue.RefusedException e) {
            fail("the server refused to join " + LoadPlan.roomName(room) + ": " + abridged(text));
        }
    }

    private static boolean isWelcome(byte[] payload, int length) {
        return text(payload, length).contains("\"event\":\"welcome\"");
    }

    private void takePart() {
        phase = Phase.TAKING_PART;
        joining = null;
        owner.ready(this);
    }

    @Override
    public void close(int code, String reason) {
        fail("the server closed the connection: " + code + (reason.isEmpty() ? "" : " " + reason));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ended();
    }

    @Override
    public void ended() {
        fail(
                phase == Phase.HANDSHAKE
                        ? "the server hung up during the handshake"
                        : "the server hung up without a close frame");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(String.valueOf(cause.getMessage()));
    }

    @Override
    public void broken(@Nullable String why) {
        fail(why);
    }

    private void fail(@Nullable String why) {
        if (phase != Phase.OVER) {
            phase = Phase.OVER;
            owner.failed(this, String.valueOf(why));
            closeChannel();
        }
    }

    private void closeChannel() {
        if (reader != null) {
            reader.stop();
        }
        channel().close();
    }

    private static String text(byte[] payload, int length) {
        return abridged(new String(payload, 0, length, StandardCharsets.UTF_8));
    }

    private static String abridged(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "connection %d of %s", index, LoadPlan.roomName(room));
    }
}
