package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Audience;
import io.campanile.core.DrainPlan;
import io.campanile.core.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;

/** The life of plugins: order, budgets, failures, and what they get to work with. */
final class PluginTest {

    private final List<String> diary = Collections.synchronizedList(new ArrayList<>());

    private final class Noting implements Plugin {
        private final String name;

        Noting(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public void start(PluginContext context) throws Exception {
            diary.add("start " + name);
        }

        @Override
        public void draining() {
            diary.add("draining " + name);
        }

        @Override
        public void stop() throws Exception {
            diary.add("stop " + name);
        }
    }

    private static GatewayBuilder builder() {
        return TestGateway.on(IoKind.NIO);
    }

    @Test
    void startInOrderAndStopInReverse() {
        GatewayServer gateway = builder()
                .plugin(new Noting("a"))
                .plugin(new Noting("b"))
                .plugin(new Noting("c"))
                .start();
        gateway.close();

        assertThat(diary)
                .containsExactly(
                        "start a",
                        "start b",
                        "start c",
                        "draining a",
                        "draining b",
                        "draining c",
                        "stop c",
                        "stop b",
                        "stop a");
    }

    @Test
    void stopOnlyWhenConnectionsHaveEnded() throws Exception {
        var echo = new TestGateway.Echo();
        Plugin last = new Plugin() {
            @Override
            public String name() {
                return "last";
            }

            @Override
            public void stop() {
                diary.add("connections closed before: " + echo.closed.size());
            }
        };
        GatewayServer gateway = builder().webSocket("/echo", echo).plugin(last).start();
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            var report = gateway.drain(DrainPlan.defaults()).toCompletableFuture();
            assertThat(client.readClose()).isEqualTo(1001);
            client.send(RawClient.closeFrame(1001));
            report.get(30, TimeUnit.SECONDS);
        }

        assertThat(diary).containsExactly("connections closed before: 1");
    }

    @Test
    void oneThatFailsToStartRollsBackTheOthersInReverse() {
        Plugin failing = new Plugin() {
            @Override
            public String name() {
                return "failing";
            }

            @Override
            public void start(PluginContext context) throws Exception {
                throw new IOException("no disk");
            }

            @Override
            public void stop() {
                diary.add("stop failing");
            }
        };
        GatewayBuilder builder = builder()
                .plugin(new Noting("a"))
                .plugin(new Noting("b"))
                .plugin(failing)
                .plugin(new Noting("c"));

        assertThatThrownBy(builder::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("plugin failing failed to start")
                .hasRootCauseMessage("no disk");
        assertThat(diary).containsExactly("start a", "start b", "stop b", "stop a");
    }

    @Test
    void areStoppedWhenTheGatewayCannotListen() {
        try (GatewayServer first = builder().start()) {
            GatewayBuilder second = builder().port(first.address().getPort()).plugin(new Noting("a"));

            assertThatThrownBy(second::start).isInstanceOf(UncheckedIOException.class);
        }
        assertThat(diary).containsExactly("start a", "stop a");
    }

    @Test
    void oneThatExceedsItsBudgetIsNamedInterruptedAndPassedBy() throws Exception {
        List<String> warnings = Collections.synchronizedList(new ArrayList<>());
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                warnings.add(new SimpleFormatter().formatMessage(line));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger log = Logger.getLogger("io.campanile.gateway");
        log.addHandler(handler);
        var interrupted = new CountDownLatch(1);
        Plugin hanging = new Plugin() {
            @Override
            public String name() {
                return "hanging";
            }

            @Override
            public void stop() throws Exception {
                try {
                    new CountDownLatch(1).await();
                } finally {
                    interrupted.countDown();
                }
            }
        };
        try {
            builder()
                    .plugin(new Noting("a"))
                    .plugin(hanging)
                    .pluginBudget(Duration.ofMillis(50))
                    .start()
                    .close();
        } finally {
            log.removeHandler(handler);
        }

        assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(diary).endsWith("stop a");
        assertThat(warnings).anyMatch(line -> line.startsWith("plugin passed by name=hanging at=stop budget=50ms"));
    }

    @Test
    void oneThatThrowsKeepsNobodyElseFromStopping() {
        Plugin throwing = new Plugin() {
            @Override
            public String name() {
                return "throwing";
            }

            @Override
            public void draining() {
                throw new IllegalStateException("draining");
            }

            @Override
            public void stop() {
                throw new IllegalStateException("stop");
            }
        };
        builder().plugin(new Noting("a")).plugin(throwing).start().close();

        assertThat(diary).containsExactly("start a", "draining a", "stop a");
    }

    @Test
    void getTheRegistryTheirSettingsAndShowFigures() {
        List<LongAdder> counters = new ArrayList<>();
        Plugin working = new Plugin() {
            @Override
            public String name() {
                return "working";
            }

            @Override
            public void start(PluginContext context) {
                counters.add(context.metrics().counter("orders", "Orders seen"));
                context.metrics().gauge("connections", "Connections it sees", context.registry()::connectionCount);
                diary.add(context.config().toString());
                assertThatThrownBy(() -> context.metrics().counter("orders", "again"))
                        .hasMessage("figure of plugin working: \"orders\" (expected: one of that name)");
                assertThatThrownBy(() -> context.metrics().counter("user-7", "by user"))
                        .hasMessageStartingWith("figure of plugin working: \"user-7\" (expected: 1 to 64 of");
            }
        };
        try (GatewayServer gateway =
                builder().plugin(working, Map.of("url", "x")).start()) {
            counters.get(0).add(3);

            assertThat(gateway.pluginFigures()).hasSize(2);
            PluginFigure orders = gateway.pluginFigures().get(0);
            assertThat(orders.plugin() + " " + orders.name() + " " + orders.kind())
                    .isEqualTo("working orders COUNTER");
            assertThat(orders.value().getAsDouble()).isEqualTo(3);
        }
        assertThat(diary).containsExactly("{url=x}");
    }

    @Test
    void haveNamesOfTheirOwn() {
        assertThatThrownBy(() -> builder().plugin(new Noting("A plugin")))
                .hasMessageStartingWith("plugin name: \"A plugin\" of " + Noting.class.getName());
        assertThatThrownBy(() -> builder().plugin(new Noting("a")).plugin(new Noting("a")))
                .hasMessage("plugin: \"a\" (expected: one of that name)");
    }

    @Test
    void aHandlerMayPublishThroughTheRegistry() {
        try (GatewayServer gateway = builder()
                        .webSocket("/echo", new TestGateway.Echo())
                        .httpUsing("POST", "/say", registry -> call -> {
                            registry.broadcast(
                                    Audience.all(), Message.text(new String(call.body(), StandardCharsets.UTF_8)));
                            return CompletableFuture.completedFuture(HttpAnswer.empty(204));
                        })
                        .start();
                RawClient client = RawClient.webSocket(gateway, "/echo");
                RawClient backend = RawClient.connect(gateway)) {
            backend.send("POST /say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");

            assertThat(backend.response().status()).isEqualTo(204);
            assertThat(client.readText()).isEqualTo("hello");
        }
    }
}
