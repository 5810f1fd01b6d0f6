package io.campanile.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The body of an answer that has no end, as it comes. Unlike the JDK's own stream it gives up on a connection of which
 * nothing is heard any more. More is asked for only when what has come is read, so a slow reader slows the sender.
 */
final class LiveBody extends InputStream implements Subscriber<List<ByteBuffer>> {

    /** What comes next: buffers, none at the end, or a failure. */
    private interface Next {
        List<ByteBuffer> take() throws IOException;
    }

    private final long silenceNanos;
    private final CompletableFuture<Subscription> subscription = new CompletableFuture<>();
    private final BlockingQueue<Next> arrived = new LinkedBlockingQueue<>();
    private final Queue<ByteBuffer> unread = new ArrayDeque<>();
    private boolean ended;

    /**
     * A body that is still to come.
     *
     * @param silence how long a read may wait; zero is forever
     */
    LiveBody(Duration silence) {
        this.silenceNanos = silence.isZero() ? Long.MAX_VALUE : silence.toNanos();
    }

    @Override
    public void onSubscribe(Subscription given) {
        subscription.complete(given);
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        arrived.add(() -> buffers);
    }

    @Override
    public void onError(Throwable cause) {
        arrived.add(() -> {
            throw new IOException(cause.getMessage(), cause);
        });
    }

    @Override
    public void onComplete() {
        arrived.add(List::of);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        while (!ended && unread.isEmpty()) {
            await();
        }
        ByteBuffer next = unread.peek();
        if (next == null) {
            return -1;
        }
        int count = Math.min(length, next.remaining());
        next.get(target, offset, count);
        if (!next.hasRemaining()) {
            unread.remove();
        }
        return count;
    }

    private void await() throws IOException {
        Next next;
        try {
            next = arrived.poll(silenceNanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
        }
        if (next == null) {
            throw new SocketTimeoutException(
                    "nothing was heard for " + OptionType.durationText(Duration.ofNanos(silenceNanos)));
        }
        List<ByteBuffer> buffers = next.take();
        ended = buffers.isEmpty();
        buffers.stream().filter(ByteBuffer::hasRemaining).forEach(unread::add);
        subscription.join().request(1);
    }

    @Override
    public void close() {
        subscription.thenAccept(Subscription::cancel);
    }
}
