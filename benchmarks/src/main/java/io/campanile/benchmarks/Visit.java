package io.campanile.benchmarks;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client that comes, becomes a member of a room, is one no longer, says good-bye and is gone when the server has hung
 * up. It is the only handler of its channel and belongs to that channel's event loop.
 */
final class Visit extends ChannelInboundHandlerAdapter implements FrameCounter.Sink {
    private static final int CAPTURE = 4_096;
    private static final byte[] NORMAL_CLOSURE = {0x03, (byte) 0xE8};

    private final LoadPlan plan;
    private final int room;
    private final Consumer<Visit> ended;
    private final FrameCounter frames = new FrameCounter(this);
    private final long began = System.nanoTime();
    private @Nullable Upgrade upgrade = new Upgrade();
    private @Nullable Dialogue dialogue;
    private @Nullable Channel channel;
    private boolean leaving;
    private boolean parted;
    private @Nullable String failure;
    private boolean over;

    /**
     * Begins when its channel is active.
     *
     * @param ended told once, on the event loop, when the visit is over
     */
    Visit(LoadPlan plan, int room, Consumer<Visit> ended) {
        this.plan = plan;
        this.room = room;
        this.ended = ended;
    }

    /** Returns how long it is since it began. */
    long nanos() {
        return System.nanoTime() - began;
    }

    /** Returns why it did not come to its end, null when it did. */
    @Nullable
    String failure() {
        return failure;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        channel = context.channel();
        if (upgrade != null) {
            context.writeAndFlush(upgrade.request(plan.urlFor(room), plan.headers()), context.voidPromise());
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (upgrade != null) {
                if (!upgrade.isDone(in)) {
                    return;
                }
                upgrade = null;
                frames.capture(CAPTURE);
                dialogue = new Dialogue(plan.mode(), plan.mode().joining(LoadPlan.roomName(room)), this::say);
                proceed();
            }
            frames.feed(in);
        } catch (FrameCounter.BrokenFrameException | Dialogue.RefusedException e) {
            end(e.getMessage());
        } finally {
            in.release();
        }
    }

    private void proceed() {
        if (dialogue != null && dialogue.isOver() && !leaving) {
            leaving = true;
            dialogue = new Dialogue(plan.mode(), plan.mode().leaving(LoadPlan.roomName(room)), this::say);
        }
        if (dialogue != null && dialogue.isOver()) {
            dialogue = null;
            parted = true;
            send(ClientFrames.CLOSE, NORMAL_CLOSURE, NORMAL_CLOSURE.length);
        }
    }

    private void say(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        send(ClientFrames.TEXT, bytes, bytes.length);
    }

    private void send(int opcode, byte[] payload, int length) {
        Channel ours = channel;
        if (ours != null) {
            ours.writeAndFlush(ClientFrames.encode(ours.alloc(), opcode, payload, length), ours.voidPromise());
        }
    }

    @Override
    public void message(byte[] payload, int length) {
        if (dialogue == null) {
            return;
        }
        try {
            dialogue.hear(new String(payload, 0, length, StandardCharsets.UTF_8));
            proceed();
        } catch (Dialogue.RefusedException e) {
            end("the server refused: " + e.getMessage());
        }
    }

    @Override
    public void ping(byte[] payload, int length) {
        send(ClientFrames.PONG, payload, length);
    }

    @Override
    public void close(int code, String reason) {
        if (!parted) {
            end("the server closed the connection: " + code + (reason.isEmpty() ? "" : " " + reason));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end(parted ? null : "the server hung up before the visit was over");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(parted ? null : String.valueOf(cause.getMessage()));
        context.close();
    }

    private void end(@Nullable String why) {
        if (!over) {
            over = true;
            failure = why;
            ended.accept(this);
        }
    }
}
