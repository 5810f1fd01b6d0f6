package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.Registration;
import io.campanile.core.RegistryListener;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import io.campanile.gateway.Reading;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a seed may do to lanes: clients send, leave and are put out while handlers run now or later, block on stages, throw,
 * and pass their deadlines. Each step, and the rest at the end, is held against a plain account of what was sent.
 */
final class LaneRandomTest {

    private static final int CLIENTS = 3;
    private static final int STEPS = 300;
    private static final int MAX_QUEUED = 4 << 10;

    /** A client with the account of what became of what it sent. */
    private final class Client implements Reading, Transport {
        final List<Integer> sent = new ArrayList<>();
        final List<Integer> begun = new ArrayList<>();
        final List<CompletableFuture<String>> pending = new ArrayList<>();
        io.campanile.core.@Nullable Connection connection;
        boolean paused;
        boolean peerLeft;
        boolean putOut;
        int connects;
        int disconnects;
        int inside;

        @Override
        public void pause() {
            paused = true;
        }

        @Override
        public void resume() {
            paused = false;
        }

        @Override
        public WireFormat format() {
            return Message::payload;
        }

        @Override
        public void attach(Link link) {}

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            return true;
        }

        @Override
        public void close(CloseReason reason) {}

        @Override
        public void abort() {}
    }

    private final List<String> violations = new ArrayList<>();
    private final ArrayDeque<Runnable> workers = new ArrayDeque<>();
    private final List<Client> clients = new ArrayList<>();
    private long now = 7;
    private @Nullable SplittableRandom random;

    private Client of(Connection connection) {
        return clients.stream()
                .filter(client ->
                        client.connection != null && client.connection.id().equals(connection.id()))
                .findFirst()
                .orElseThrow();
    }

    private SplittableRandom chance() {
        SplittableRandom known = random;
        return known == null ? new SplittableRandom(0) : known;
    }

    private Object handle(Connection connection, Integer number) {
        Client client = of(connection);
        if (client.inside > 0) {
            violations.add("a handler beside another");
        }
        client.begun.add(number);
        switch (chance().nextInt(4)) {
            case 0 -> throw new IllegalStateException("as drawn");
            case 1 -> {
                CompletableFuture<String> stage = new CompletableFuture<>();
                client.inside++;
                client.pending.add(stage);
                stage.whenComplete((value, failure) -> client.inside--);
                return stage;
            }
            default -> {
                return "done";
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void whatWasSentIsHandledInOrderOneAtATimeAndEndsWithOneDisconnect(long firstSeed) {
        for (long seed = firstSeed * 1_000; seed < firstSeed * 1_000 + 10; seed++) {
            new LaneRandomTest().run(seed);
        }
    }

    private void run(long seed) {
        SplittableRandom drawn = new SplittableRandom(seed);
        random = drawn;
        Gateway gateway = Gateway.at("/lane")
                .limits(new HandlerLimits(
                        Duration.ofSeconds(1), Duration.ofSeconds(1), MAX_QUEUED, 1 + drawn.nextInt(3), 10))
                .onConnect(connection -> {
                    of(connection).connects++;
                    if (drawn.nextInt(10) == 0) {
                        of(connection).putOut = true;
                        throw new IllegalStateException("as drawn");
                    }
                })
                .answer("number", Integer.class, this::handle)
                .onDisconnect((connection, reason) -> {
                    if (of(connection).inside > 0) {
                        violations.add("a disconnect beside another handler");
                    }
                    of(connection).disconnects++;
                    if (drawn.nextBoolean()) {
                        throw new IllegalStateException("as drawn");
                    }
                });
        GatewayEndpoint endpoint = gateway.endpoint(() -> now, workers::add);
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(ShardExecutor.callingThreads()))
                .listener(new RegistryListener() {
                    @Override
                    public void closed(io.campanile.core.Connection connection, CloseReason reason) {
                        endpoint.closed(connection, reason);
                    }
                })
                .build();
        endpoint.start(registry);
        for (int i = 0; i < CLIENTS; i++) {
            Client client = new Client();
            clients.add(client);
            Registration registered = registry.register(client, Claims.anonymous())
                    .toCompletableFuture()
                    .join();
            client.connection = ((Registration.Registered) registered).connection();
            endpoint.opened(client.connection, client);
        }
        for (int i = 0; i < STEPS; i++) {
            step(drawn, registry, endpoint);
            check("seed " + seed + " step " + i);
        }
        rest(registry, endpoint, "seed " + seed);
    }

    private void step(SplittableRandom drawn, ConnectionRegistry registry, GatewayEndpoint endpoint) {
        Client client = clients.get(drawn.nextInt(CLIENTS));
        io.campanile.core.Connection connection = client.connection;
        if (connection == null) {
            return;
        }
        switch (drawn.nextInt(20)) {
            case 0, 1, 2, 3, 4, 5, 6 -> {
                // One read may hold several messages, and all of them are delivered.
                for (int k = drawn.nextInt(3); k >= 0 && !client.paused && connection.isOpen(); k--) {
                    int number = client.sent.size();
                    client.sent.add(number);
                    endpoint.text(
                            connection,
                            ("{\"event\":\"number\",\"id\":1,\"data\":" + number + "}")
                                    .getBytes(StandardCharsets.UTF_8));
                }
            }
            case 7 -> {
                if (drawn.nextInt(10) == 0 && connection.isOpen()) {
                    client.peerLeft = true;
                    registry.close(connection.id(), new CloseReason(1000, "peer_closed", "", CloseReason.ComeBack.NO));
                }
            }
            case 8 -> {
                if (drawn.nextInt(10) == 0 && connection.isOpen()) {
                    client.putOut = true;
                    registry.close(connection.id(), CloseReason.IDLE);
                }
            }
            case 9, 10, 11 -> {
                if (!client.pending.isEmpty()) {
                    client.pending.remove(0).complete("later");
                }
            }
            case 12 -> {
                now += Duration.ofMillis(400).toNanos();
                endpoint.beat();
            }
            default -> {
                Runnable task = workers.poll();
                if (task != null) {
                    task.run();
                }
            }
        }
    }

    private void check(String where) {
        assertThat(violations).as(where).isEmpty();
        for (Client client : clients) {
            assertThat(client.begun).as(where).isEqualTo(client.sent.subList(0, client.begun.size()));
            assertThat(client.connects).as(where).isLessThanOrEqualTo(1);
            assertThat(client.disconnects).as(where).isLessThanOrEqualTo(client.connects);
        }
    }

    private void rest(ConnectionRegistry registry, GatewayEndpoint endpoint, String where) {
        do {
            now += Duration.ofMillis(400).toNanos();
            endpoint.beat();
            work();
        } while (clients.stream()
                .flatMap(client -> client.pending.stream())
                .anyMatch(stage -> stage.complete("at last")));
        work();
        for (Client client : clients) {
            boolean isOpen = client.connection != null && client.connection.isOpen();
            if (!client.putOut) {
                assertThat(client.begun).as(where).isEqualTo(client.sent);
            }
            assertThat(client.paused && isOpen).as(where + " paused at rest").isFalse();
        }
        registry.close();
        work();
        check(where);
        assertThat(clients).as(where).allMatch(client -> client.connects == 1 && client.disconnects == 1);
        assertThat(endpoint.stats())
                .extracting("running", "stuck", "waiting", "asks")
                .containsExactly(0, 0, 0, 0);
        endpoint.stop(Duration.ZERO);
    }

    private void work() {
        for (Runnable task = workers.poll(); task != null; task = workers.poll()) {
            task.run();
        }
    }
}
