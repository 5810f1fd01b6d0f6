package io.campanile.testkit;

import io.campanile.app.Clients;
import io.campanile.app.Gateway;
import io.campanile.app.GatewayEndpoint;
import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Liveness;
import io.campanile.core.Message;
import io.campanile.core.Registration;
import io.campanile.core.RegistryConfig;
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
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Tests a gateway with clients that have no sockets, on the test's own thread and in virtual time: what clients send is
 * handled before the call returns, and deadlines pass when time is advanced.
 *
 * <pre>{@code
 * GatewayTester chat = GatewayTester.of(Chat.gateway());
 * GatewayTester.Client ada = chat.connectAs("ada");
 * GatewayTester.Client ben = chat.connectAs("ben");
 *
 * ada.send("message", "{\"text\":\"hello\"}");
 *
 * assertThat(ben.next()).isEqualTo("{\"event\":\"message\",\"room\":\"lobby\",\"data\":{\"text\":\"hello\"}}");
 * }</pre>
 *
 * <p>The gateway is the real one, with the real registry; only network, clock and threads are the test's. Hence a handler
 * that blocks blocks the test: one that waits for time to pass, or for a client to answer, returns a stage here or is tested
 * over a port. Waiting for the registry is fine, which answers at once.
 */
public final class GatewayTester implements AutoCloseable {

    /** How often a gateway looks at its clock. */
    private static final Duration BEAT = Duration.ofMillis(50);

    private final ManualClock clock = new ManualClock();
    private final ManualExecutor handlers = new ManualExecutor();
    private final List<Client> all = new ArrayList<>();
    private final GatewayEndpoint endpoint;
    private final ConnectionRegistry registry;

    private GatewayTester(Gateway gateway, RegistryConfig config) {
        endpoint = gateway.endpoint(clock, handlers::execute);
        registry = ConnectionRegistry.builder()
                .config(config)
                .shards(List.of(ShardExecutor.callingThreads()))
                .clock(clock)
                .random(new SplittableRandom(1))
                .listener(new RegistryListener() {
                    @Override
                    public void closed(Connection connection, CloseReason reason) {
                        endpoint.closed(connection, reason);
                    }
                })
                .build();
        endpoint.start(registry);
    }

    /** Begins with nobody connected, with the registry's default limits, and clients that answer every ping. */
    public static GatewayTester of(Gateway gateway) {
        return of(gateway, RegistryConfig.defaults().withLiveness(Liveness.off()));
    }

    /** Begins with limits of the test's own. The clients of a tester answer no pings: liveness ends them, if it is on. */
    public static GatewayTester of(Gateway gateway, RegistryConfig config) {
        return new GatewayTester(gateway, config);
    }

    /** Connects a client about whom nothing is known, whatever the gateway's authenticator says. */
    public Client connect() {
        return connect(Claims.anonymous());
    }

    /** Connects a client as a user. */
    public Client connectAs(String user) {
        return connect(Claims.of(user));
    }

    /** Connects a client with claims. */
    public Client connect(Claims claims) {
        Client client = new Client();
        Registration registration =
                registry.register(client, claims).toCompletableFuture().join();
        if (!(registration instanceof Registration.Registered registered)) {
            throw new AssertionError("the registry refused the client: " + registration);
        }
        client.connection = registered.connection();
        all.add(client);
        endpoint.opened(registered.connection(), client);
        run();
        return client;
    }

    /** Lets time pass, beat by beat, with everything that is due meanwhile. */
    public GatewayTester advance(Duration by) {
        Duration left = by;
        while (left.compareTo(Duration.ZERO) > 0) {
            Duration step = left.compareTo(BEAT) < 0 ? left : BEAT;
            clock.advance(step);
            registry.beat();
            endpoint.beat();
            run();
            left = left.minus(step);
        }
        return this;
    }

    /** Runs what handlers have left to be done, if something outside of the gateway has completed a stage. */
    public GatewayTester run() {
        int done;
        do {
            done = handlers.runAll();
            for (Client client : all) {
                done += client.deliver();
            }
        } while (done > 0);
        return this;
    }

    /** Returns the gateway as its own feeds and timers see it. */
    public Clients clients() {
        return endpoint;
    }

    /** Stops the gateway: all clients are told, and all handlers of disconnecting run. */
    @Override
    public void close() {
        registry.close();
        run();
        endpoint.stop(Duration.ofMillis(1));
    }

    /** A client, and what it has received. */
    public final class Client implements Reading, Transport {
        private final InMemoryTransport transport = new InMemoryTransport();
        private final ArrayDeque<Message> unread = new ArrayDeque<>();
        private @Nullable Connection connection;
        private boolean paused;
        private int seen = 1; // the welcome
        private long lastId;

        private Client() {}

        private Connection connection() {
            Connection known = connection;
            if (known == null) {
                throw new IllegalStateException("the client is not connected");
            }
            return known;
        }

        /** Returns the id of the connection. */
        public ConnectionId id() {
            return connection().id();
        }

        /** Sends an event without data and without an id. */
        public Client send(String event) {
            return send(event, "null");
        }

        /** Sends an event without an id, so that it is answered only if it fails. */
        public Client send(String event, String json) {
            return sendText("{\"event\":\"" + event + "\",\"data\":" + json + "}");
        }

        /** Sends an event with an id, counted up from 1. */
        public Client request(String event, String json) {
            return sendText("{\"event\":\"" + event + "\",\"id\":" + ++lastId + ",\"data\":" + json + "}");
        }

        /** Answers what this client was asked. */
        public Client answer(long id, String json) {
            return sendText("{\"event\":\"ack\",\"id\":" + id + ",\"data\":" + json + "}");
        }

        /** Sends any text. */
        public Client sendText(String text) {
            return send(Message.text(text));
        }

        /** Sends bytes. */
        public Client sendBinary(byte[] bytes) {
            return send(Message.binary(bytes));
        }

        private Client send(Message message) {
            unread.add(message);
            run();
            return this;
        }

        private int deliver() {
            int count = 0;
            while (!paused && connection().isOpen() && !unread.isEmpty()) {
                Message message = unread.remove();
                if (message.kind() == Message.Kind.TEXT) {
                    endpoint.text(connection(), message.payload());
                } else {
                    endpoint.binary(connection(), message.payload());
                }
                count++;
            }
            return count;
        }

        /**
         * Returns the next text this client has received.
         *
         * @throws AssertionError when there is none
         */
        public String next() {
            List<String> texts = texts();
            if (seen >= texts.size()) {
                throw new AssertionError("nothing more was received");
            }
            return texts.get(seen++);
        }

        /** Returns all further texts this client has received; the next call returns those after them. */
        public List<String> received() {
            List<String> texts = texts();
            List<String> rest = List.copyOf(texts.subList(Math.min(seen, texts.size()), texts.size()));
            seen = texts.size();
            return rest;
        }

        private List<String> texts() {
            return transport.messages().stream()
                    .filter(message -> message.kind() == Message.Kind.TEXT)
                    .map(message -> new String(message.payload(), StandardCharsets.UTF_8))
                    .toList();
        }

        /** Returns the binary messages this client has received. */
        public List<byte[]> binaries() {
            return transport.messages().stream()
                    .filter(message -> message.kind() == Message.Kind.BINARY)
                    .map(Message::payload)
                    .toList();
        }

        /** Returns why the connection was closed, once this client was told. */
        public Optional<CloseReason> closeReason() {
            return transport.peerReason();
        }

        /** Returns whether the gateway reads what this client sends; it does not while too much waits for its handlers. */
        public boolean isRead() {
            return !paused;
        }

        /** Stops reading; what does not fit waits at the node. */
        public Client stall() {
            transport.stall(0);
            return this;
        }

        /** Reads everything again. */
        public Client readOn() {
            transport.resume();
            run();
            return this;
        }

        /** Gives the connection other claims, as a newer token would. */
        public Client changeClaims(Claims claims) {
            registry.changeClaims(id(), claims);
            run();
            return this;
        }

        /** Closes the connection in order. */
        public void leave() {
            registry.close(id(), new CloseReason(1000, "peer_closed", "", ComeBack.NO));
            run();
        }

        /** Goes without a word, and the network notices. */
        public void vanish() {
            transport.lose();
            run();
        }

        // From the gateway and the registry.

        /** {@inheritDoc} What the test sends is kept meanwhile. */
        @Override
        public void pause() {
            paused = true;
        }

        /** {@inheritDoc} */
        @Override
        public void resume() {
            paused = false;
        }

        /** {@inheritDoc} */
        @Override
        public WireFormat format() {
            return transport.format();
        }

        /** {@inheritDoc} */
        @Override
        public void attach(Link link) {
            transport.attach(link);
        }

        /** {@inheritDoc} */
        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            return transport.write(source, offset, length);
        }

        /** {@inheritDoc} */
        @Override
        public Message gapNotice(Optional<String> room, long missed) {
            return endpoint.gapNotice(room, missed);
        }

        /** {@inheritDoc} */
        @Override
        public void claimsChanged(Claims before) {
            endpoint.claimsChanged(connection(), before);
        }

        /** {@inheritDoc} */
        @Override
        public void closing(CloseReason reason) {
            transport.closing(reason);
        }

        /** {@inheritDoc} */
        @Override
        public void close(CloseReason reason) {
            transport.close(reason);
        }

        /** {@inheritDoc} */
        @Override
        public void abort() {
            transport.abort();
        }
    }
}
