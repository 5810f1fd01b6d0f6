package io.campanile.tests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Many WebSocket clients on few threads. Made of java.nio alone, so that nothing of the gateway checks itself, and no
 * buffer of the clients is taken for one of the gateway's.
 */
final class Swarm implements AutoCloseable {

    private final InetSocketAddress server;
    private final List<Loop> loops = new ArrayList<>();
    private final AtomicInteger next = new AtomicInteger();

    Swarm(InetSocketAddress server, int threads) {
        this.server = server;
        for (int i = 0; i < threads; i++) {
            loops.add(new Loop());
        }
        loops.forEach(loop -> loop.thread.start());
    }

    /** Begins to connect. What comes of it is told to the receiver, on one of the swarm's threads. */
    SwarmClient connect(String path, SwarmClient.Receiver receiver) {
        return connect(server, path, receiver);
    }

    /** Does the same by way of a proxy. */
    SwarmClient connect(InetSocketAddress proxy, String path, SwarmClient.Receiver receiver) {
        Loop loop = loops.get(Math.floorMod(next.getAndIncrement(), loops.size()));
        var client = new SwarmClient(loop, path, receiver);
        loop.execute(() -> client.connect(proxy));
        return client;
    }

    /** Cuts what is still connected, and waits for the threads to end. */
    @Override
    public void close() {
        loops.forEach(Loop::stop);
    }

    /** A thread with the sockets it looks after. */
    static final class Loop {
        private static final int READ_BYTES = 64 << 10;

        final ByteBuffer received = ByteBuffer.allocateDirect(READ_BYTES);
        final Selector selector;
        private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        private final Thread thread = new Thread(this::run, "swarm");
        private volatile boolean stopping;

        private Loop() {
            try {
                selector = Selector.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            thread.setDaemon(true);
        }

        void execute(Runnable task) {
            tasks.add(task);
            selector.wakeup();
        }

        private void run() {
            try (selector) {
                while (!stopping) {
                    selector.select(Loop::ready);
                    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                        task.run();
                    }
                }
                for (SelectionKey key : selector.keys()) {
                    key.channel().close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void ready(SelectionKey key) {
            ((SwarmClient) key.attachment()).ready();
        }

        private void stop() {
            stopping = true;
            selector.wakeup();
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
