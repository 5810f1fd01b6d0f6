package io.campanile.core.spi;

/**
 * What a wire format writes to a peer that has been silent: a frame that carries no message. Immutable.
 *
 * <p>A peer that answers shows that it lives by its answer. From one that cannot, only its socket taking the bytes can
 * be seen, so that counts as a sign of life, and no answer is waited for.
 */
public final class KeepAlive {

    private final byte[] frame;
    private final boolean answered;

    private KeepAlive(byte[] frame, boolean answered) {
        this.frame = frame;
        this.answered = answered;
    }

    /**
     * Returns a keep-alive that peers answer, such as a ping; the transport reports answers by {@link Link#pong}.
     *
     * @param frame the finished frame, which must not change afterwards
     */
    public static KeepAlive answered(byte[] frame) {
        return new KeepAlive(frame, true);
    }

    /**
     * Returns a keep-alive that peers do not answer, such as a comment.
     *
     * @param frame the finished frame, which must not change afterwards
     */
    public static KeepAlive unanswered(byte[] frame) {
        return new KeepAlive(frame, false);
    }

    /** Returns the frame's bytes, which the caller must not change. */
    public byte[] frame() {
        return frame;
    }

    /** Returns whether peers answer it. */
    public boolean isAnswered() {
        return answered;
    }
}
