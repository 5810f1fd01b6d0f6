package io.campanile.benchmarks;

import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client that comes, becomes a member of a room, is one no longer, says good-bye and is gone when the server has hung
 * up.
 */
final class Visit extends Client {
    private static final int CAPTURE = 4_096;
    private static final byte[] NORMAL_CLOSURE = {0x03, (byte) 0xE8};

    private final Consumer<Visit> ended;
    private final long began = System.nanoTime();
    private @Nullable Dialogue dialogue;
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
        super(plan, room);
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
    void opened() {
        frames.capture(CAPTURE);
        dialogue = dialogue(plan.mode().joining(LoadPlan.roomName(room)));
        proceed();
    }

    private void proceed() {
        if (dialogue != null && dialogue.isOver() && !leaving) {
            leaving = true;
            dialogue = dialogue(plan.mode().leaving(LoadPlan.roomName(room)));
        }
        if (dialogue != null && dialogue.isOver()) {
            dialogue = null;
            parted = true;
            send(ClientFrames.CLOSE, NORMAL_CLOSURE, NORMAL_CLOSURE.length);
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

    @Override
    public void broken(@Nullable String why) {
        end(why);
    }

    private void end(@Nullable String why) {
        if (!over) {
            over = true;
            failure = why;
            ended.accept(this);
        }
    }
}
