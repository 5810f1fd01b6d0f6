package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.Progress;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Clients that come and go: as soon as one visit is over the next one begins. One run each; {@link #run} blocks the
 * calling thread while one event loop does the work.
 *
 * <p>Its report counts visits as messages that were delivered, and how long each took as latency.
 */
final class ChurnLoad implements AutoCloseable {
    private static final int READ_BUFFER_BYTES = 4_096;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final LoadPlan plan;
    private final Progress progress;
    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, Transports.best().ioHandler());
    private final Bootstrap bootstrap;
    private final InetSocketAddress server;

    // Written by the loop alone.
    private final AtomicLong over = new AtomicLong();
    private final SingleWriterRecorder latency = new SingleWriterRecorder(3);
    private int begun;

    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private volatile boolean finishing;

    ChurnLoad(LoadPlan plan, Progress progress) {
        this.plan = plan;
        this.progress = progress;
        server = new InetSocketAddress(
                plan.url().getHost(), plan.url().getPort() >= 0 ? plan.url().getPort() : 80);
        bootstrap = new Bootstrap()
                .group(group)
                .channel(Transports.best().clientChannel())
                .option(ChannelOption.TCP_NODELAY, true)
                // Who waits for late segments is the server, which hangs up first; its port is free at once all the
                // same.
                .option(ChannelOption.SO_LINGER, 0)
                .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BUFFER_BYTES))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) PATIENCE.toMillis());
    }

    /**
     * Does what the plan says.
     *
     * @throws RunFailedException when a visit does not come to its end, or none does for a while
     */
    LoadReport run() throws RunFailedException, InterruptedException {
        List<Measured> measured = new ArrayList<>();
        int clients = 0;
        for (Stage stage : plan.stages()) {
            Stage.Visits visits = (Stage.Visits) stage;
            for (; clients < visits.clients(); clients++) {
                group.execute(this::begin);
            }
            await(
                    measured.isEmpty() ? "warm-up, " + stage : "settling, " + stage,
                    measured.isEmpty() ? plan.warmup().plus(plan.settle()) : plan.settle());
            measured.add(measure(stage));
        }
        finishing = true;
        return new LoadReport(plan, 0, measured);
    }

    private void begin() {
        if (finishing) {
            return;
        }
        bootstrap
                .clone()
                .handler(new Visit(plan, begun++ % plan.rooms(), this::ended))
                .connect(server)
                .addListener(connected -> {
                    if (!connected.isSuccess()) {
                        fail("cannot connect to " + plan.url() + ": "
                                + connected.cause().getMessage());
                    }
                });
    }

    private void ended(Visit visit) {
        String why = visit.failure();
        if (why != null) {
            fail(why);
            return;
        }
        latency.recordValue(visit.nanos());
        over.setRelease(over.getPlain() + 1);
        begin();
    }

    private void fail(String why) {
        if (!finishing) {
            failure.complete(why);
        }
    }

    private Measured measure(Stage stage) throws RunFailedException, InterruptedException {
        latency.reset();
        CpuWindow window = new CpuWindow(plan.serverPid());
        long before = over.getAcquire();
        await("measuring, " + stage, plan.window());
        long visits = over.getAcquire() - before;
        Histogram times = latency.getIntervalHistogram();
        return window.close(stage, visits, times, times);
    }

    private void await(String activity, Duration duration) throws RunFailedException, InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        long last = over.getAcquire();
        long lastMoved = System.nanoTime();
        for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
            long slice = Math.min(left, 1_000_000_000L);
            try {
                throw new RunFailedException(failure.get(slice, TimeUnit.NANOSECONDS));
            } catch (TimeoutException e) {
                long now = over.getAcquire();
                progress.update(activity, (end - System.nanoTime()) / 1e9, (now - last) / (slice / 1e9));
                if (now > last) {
                    lastMoved = System.nanoTime();
                } else if (System.nanoTime() - lastMoved > PATIENCE.toNanos()) {
                    throw new RunFailedException("no visit came to its end for " + PATIENCE.toSeconds() + " s");
                }
                last = now;
            } catch (ExecutionException e) {
                throw new IllegalStateException("only ever completed with a reason", e);
            }
        }
    }

    @Override
    public void close() {
        finishing = true;
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
}
