package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a server several times a second: at the figures it shows at {@code /metrics}, and at its sockets as the kernel
 * lists them. Needs Linux, and the server on this machine.
 */
final class ServerWatch implements AutoCloseable {

    /**
     * What one look saw.
     *
     * @param beganNanos when it began
     * @param endedNanos when it had seen everything
     * @param waitingBytes bytes that wait for clients
     * @param evictions slow clients evicted so far
     * @param connections connections that the server counts
     * @param sockets sockets towards the watched ports, those included that the process has closed and the kernel keeps
     * @param descriptors sockets that the process has open, whomever to
     */
    record Look(
            long beganNanos,
            long endedNanos,
            long waitingBytes,
            long evictions,
            long connections,
            int sockets,
            int descriptors) {}

    static final Duration INTERVAL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String TIME_WAIT = "06";

    private final long pid;
    private final int port;
    private final Supplier<Set<Integer>> peerPorts;
    private final HttpRequest request;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread watching = new Thread(task, "watch the server");
        watching.setDaemon(true);
        return watching;
    });
    private final List<Look> looks = new CopyOnWriteArrayList<>();
    private volatile @Nullable String failure;

    /**
     * Starts to look.
     *
     * @param peerPorts the clients whose sockets are counted, by their local ports; asked at each look
     */
    ServerWatch(long pid, URI origin, Supplier<Set<Integer>> peerPorts) {
        this.pid = pid;
        this.port = origin.getPort();
        this.peerPorts = peerPorts;
        request = HttpRequest.newBuilder(origin.resolve("/metrics"))
                .timeout(PATIENCE)
                .build();
        thread.scheduleWithFixedDelay(this::look, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Waits until so many were evicted, but not longer than the patience; false when it took longer. */
    boolean awaitEvictions(long count, Duration patience) throws InterruptedException, RunFailedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (looks().stream().noneMatch(look -> look.evictions() >= count)) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
        }
        return true;
    }

    /** Returns what was seen so far, the earliest first. */
    List<Look> looks() throws RunFailedException {
        String why = failure;
        if (why != null) {
            throw new RunFailedException("the server could not be watched: " + why);
        }
        return List.copyOf(looks);
    }

    /**
     * Returns for how long, at most, the socket of anybody evicted was still there: from the last look before the server
     * counted the eviction to the end of the first one that found so many sockets gone. {@link Long#MAX_VALUE} when some
     * never went.
     *
     * @param watched how many sockets there were before the first eviction
     */
    static long longestLeftNanos(List<Look> looks, int watched) {
        long longest = 0;
        for (int i = 1; i < looks.size(); i++) {
            long evicted = looks.get(i).evictions();
            Look before = looks.get(i - 1);
            if (evicted > before.evictions()) {
                long gone = looks.subList(i, looks.size()).stream()
                        .filter(look -> watched - look.sockets() >= evicted)
                        .mapToLong(look -> look.endedNanos() - before.beganNanos())
                        .findFirst()
                        .orElse(Long.MAX_VALUE);
                longest = Math.max(longest, gone);
            }
        }
        return longest;
    }

    private void look() {
        try {
            long began = System.nanoTime();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IOException(request.uri() + " answered " + response.statusCode() + " (expected: 200)");
            }
            String figures = response.body();
            // The sockets after the figures: whoever is counted as evicted had all this time to be gone.
            int sockets = sockets();
            int descriptors = descriptors();
            looks.add(new Look(
                    began,
                    System.nanoTime(),
                    figure(figures, "campanile_waiting_bytes"),
                    figure(figures, "campanile_evictions_total{reason=\"slow_client\"}"),
                    figure(figures, "campanile_connections"),
                    sockets,
                    descriptors));
        } catch (IOException e) {
            failed(e);
        } catch (InterruptedException e) {
            // Closed meanwhile.
            Thread.currentThread().interrupt();
        }
    }

    private void failed(IOException e) {
        if (!thread.isShutdown()) {
            failure = e.toString();
            thread.shutdown();
        }
    }

    /** Returns the value of a figure in Prometheus' text format; 0 when it is not there, as counters are at first. */
    static long figure(String figures, String name) {
        return figures.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    private int sockets() throws IOException {
        Set<Integer> peers = peerPorts.get();
        List<String> lines = new ArrayList<>();
        for (String table : List.of("tcp", "tcp6")) {
            Path file = Path.of("/proc", Long.toString(pid), "net", table);
            if (Files.exists(file)) {
                lines.addAll(Files.readAllLines(file));
            }
        }
        return sockets(lines, port, peers);
    }

    /** Counts the sockets from the port to one of the peers, but for those that merely wait for late segments. */
    static int sockets(List<String> lines, int port, Set<Integer> peers) {
        return (int) lines.stream()
                .map(line -> line.trim().split(" +", 5))
                .filter(fields -> fields.length == 5 && fields[0].endsWith(":"))
                .filter(fields -> portOf(fields[1]) == port && peers.contains(portOf(fields[2])))
                .filter(fields -> !fields[3].equals(TIME_WAIT))
                .count();
    }

    private static int portOf(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), 16);
    }

    private int descriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            return (int) descriptors.filter(ServerWatch::isSocket).count();
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            return false; // closed since it was listed
        }
    }

    @Override
    public void close() throws InterruptedException {
        thread.shutdownNow();
        thread.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
}
