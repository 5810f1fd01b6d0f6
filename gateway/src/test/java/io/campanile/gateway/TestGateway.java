package io.campanile.gateway;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What the tests of the gateway have in common. */
final class TestGateway {

    private TestGateway() {}

    static List<IoKind> kinds() {
        return Arrays.stream(IoKind.values())
                .filter(kind -> kind != IoKind.AUTO && kind.isAvailable())
                .toList();
    }

    static GatewayBuilder on(IoKind io) {
        return GatewayServer.builder().port(0).io(io).loops(2);
    }

    /** Takes what comes, or fails after a while. */
    static <T> T await(BlockingQueue<T> queue) {
        try {
            T value = queue.poll(30, TimeUnit.SECONDS);
            if (value == null) {
                throw new AssertionError("nothing came");
            }
            return value;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the answer of the registry, or fails after a while. */
    static <T> T now(CompletionStage<T> answer) {
        return answer.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** Sends back what it gets, and keeps what happens. */
    static final class Echo implements Endpoint {
        final BlockingQueue<Connection> opened = new LinkedBlockingQueue<>();
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        final BlockingQueue<CloseReason> closed = new LinkedBlockingQueue<>();
        private final CompletableFuture<ConnectionRegistry> registry = new CompletableFuture<>();

        @Override
        public void start(ConnectionRegistry started) {
            registry.complete(started);
        }

        @Override
        public Set<Message.Kind> kinds() {
            return Set.of(Message.Kind.TEXT, Message.Kind.BINARY);
        }

        @Override
        public void opened(Connection connection) {
            opened.add(connection);
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            texts.add(new String(utf8, StandardCharsets.UTF_8));
            registry.join().send(connection.id(), Message.utf8(utf8));
        }

        @Override
        public void binary(Connection connection, byte[] bytes) {
            registry.join().send(connection.id(), Message.binary(bytes));
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            closed.add(reason);
        }
    }
}
