package io.campanile.benchmarks;

import io.campanile.benchmarks.Mode.Step;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket client of one room: shakes hands when its channel is active, then reads frames and answers pings. It is the
 * only handler of its channel and belongs to that channel's event loop.
 */
abstract class Client extends ChannelInboundHandlerAdapter implements FrameCounter.Sink {
    final LoadPlan plan;
    final int room;
    final FrameCounter frames = new FrameCounter(this);
    private @Nullable Upgrade upgrade = new Upgrade();
    private @Nullable Channel channel;

    Client(LoadPlan plan, int room) {
        this.plan = plan;
        this.room = room;
    }

    /** The server has agreed; what it sends from now on are frames. */
    abstract void opened() throws Dialogue.RefusedException;

    /** It cannot go on. */
    public abstract void broken(@Nullable String why);

    /** Takes in frames; each is told to {@link FrameCounter.Sink} if it is captured. */
    void feed(ByteBuf in) throws FrameCounter.BrokenFrameException {
        frames.feed(in);
    }

    @Override
    public final void channelActive(ChannelHandlerContext context) {
        channel = context.channel();
        if (upgrade != null) {
            context.writeAndFlush(upgrade.request(plan.urlFor(room), plan.headers()), context.voidPromise());
        }
    }

    @Override
    public final void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            received(in);
        } finally {
            in.release();
        }
    }

    /** Takes in what came, which is the caller's again afterwards. */
    public final void received(ByteBuf in) {
        try {
            if (upgrade != null) {
                if (!upgrade.isDone(in)) {
                    return;
                }
                upgrade = null;
                opened();
            }
            feed(in);
        } catch (FrameCounter.BrokenFrameException | Dialogue.RefusedException e) {
            broken(e.getMessage());
        }
    }

    @Override
    public final void ping(byte[] payload, int length) {
        send(ClientFrames.PONG, payload, length);
    }

    /** Begins to say the steps. */
    final Dialogue dialogue(List<Step> steps) {
        return new Dialogue(plan.mode(), steps, text -> {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            send(ClientFrames.TEXT, bytes, bytes.length);
        });
    }

    final void send(int opcode, byte[] payload, int length) {
        Channel ours = channel();
        ours.writeAndFlush(ClientFrames.encode(ours.alloc(), opcode, payload, length), ours.voidPromise());
    }

    final Channel channel() {
        Channel ours = channel;
        if (ours == null) {
            throw new IllegalStateException("the connection is not open");
        }
        return ours;
    }

    /** Whether the channel has been active. */
    final boolean hasChannel() {
        return channel != null;
    }
}
