package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.gateway.GatewayLimits;
import io.campanile.gateway.GatewayServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How handlers run, over real sockets: in order, one at a time, bounded, and what becomes of those that fail. */
final class HandlersTest {

    private static final HandlerLimits SHORT =
            HandlerLimits.defaults().withDeadline(Duration.ofMillis(200)).withGrace(Duration.ofMillis(200));

    private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    private final CompletableFuture<Clients> clients = new CompletableFuture<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private GatewayServer server = GatewayServer.builder().port(0).loops(1).start();

    private void serve(Gateway gateway) {
        server.close();
        server = GatewayServer.builder()
                .port(0)
                .loops(1)
                .limits(GatewayLimits.defaults().withMaxMessagesPerSecond(0))
                .webSocket(gateway.onStart(clients::complete))
                .start();
    }

    @AfterEach
    void stop() {
        gate.countDown();
        server.close();
    }

    private HandlerStats stats() {
        return TestClient.now(clients).stats();
    }

    @Test
    void theMessagesOfAConnectionAreHandledOneAtATimeInTheOrderTheyCame() {
        AtomicInteger inside = new AtomicInteger();
        serve(Gateway.at("/order").answer("count", Integer.class, (connection, number) -> {
            int others = inside.getAndIncrement();
            Thread.yield();
            seen.add(number);
            inside.decrementAndGet();
            return others;
        }));
        try (TestClient ada = TestClient.connect(server, "/order")) {
            for (int i = 0; i < 500; i++) {
                ada.send("{\"event\":\"count\",\"id\":" + i + ",\"data\":" + i + "}");
            }

            for (int i = 0; i < 500; i++) {
                assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":" + i + ",\"data\":0}");
                assertThat(seen.poll()).isEqualTo(i);
            }
        }
    }

    @Test
    void aHandlerThatBlocksHoldsUpNobodyElse() {
        serve(Gateway.at("/slow")
                .on("wait", connection -> gate.await())
                .answer("echo", String.class, (connection, text) -> text));
        try (TestClient slow = TestClient.connect(server, "/slow");
                TestClient quick = TestClient.connect(server, "/slow")) {
            slow.send("{\"event\":\"wait\",\"id\":1}").send("{\"event\":\"echo\",\"id\":2,\"data\":\"after\"}");
            quick.send("{\"event\":\"echo\",\"id\":1,\"data\":\"now\"}");

            assertThat(quick.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":\"now\"}");
            gate.countDown();
            assertThat(slow.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":null}");
            assertThat(slow.next()).isEqualTo("{\"event\":\"ack\",\"id\":2,\"data\":\"after\"}");
        }
    }

    @Test
    void aClientWhoseHandlerIsBusyIsNoLongerReadAndLosesNothing() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        serve(Gateway.at("/slow")
                .limits(HandlerLimits.defaults().withMaxQueuedBytes(16 << 10))
                .on("wait", connection -> {
                    first.countDown();
                    gate.await();
                })
                .on("count", Integer.class, (connection, number) -> seen.add(number)));
        try (TestClient ada = TestClient.connect(server, "/slow")) {
            ada.send("{\"event\":\"wait\"}");
            first.await();
            CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> {
                for (int i = 0; i < 5_000; i++) {
                    ada.send("{\"event\":\"count\",\"data\":" + i + "}");
                }
            });
            while (stats().pauses() == 0) {
                Thread.onSpinWait();
            }
            long read = server.stats().messagesIn();
            assertThat(read).as("the bound, and what one read had in it").isBetween(16L, 120L);

            gate.countDown();

            for (int i = 0; i < 5_000; i++) {
                assertThat(TestClient.take(seen)).isEqualTo(i);
            }
            TestClient.now(sending);
            assertThat(stats().discarded()).isZero();
        }
    }

    @Test
    void aHandlerThatThrowsIsAnsweredWithAReferenceAndTheConnectionLives() {
        serve(Gateway.at("/fail")
                .on("fail", connection -> {
                    throw new IllegalStateException("jdbc:postgres://secret");
                })
                .answer("unwritable", connection -> new Object() {
                    @SuppressWarnings("unused")
                    public String getSecret() {
                        throw new IllegalStateException("secret");
                    }
                })
                .answer("stage", connection -> CompletableFuture.failedFuture(new IllegalStateException("secret")))
                .answer("echo", String.class, (connection, text) -> text));
        try (TestClient ada = TestClient.connect(server, "/fail")) {
            for (String event : List.of("fail", "unwritable", "stage")) {
                ada.send("{\"event\":\"" + event + "\",\"id\":1}");
                assertThat(ada.next())
                        .matches("\\{\"event\":\"error\",\"id\":1,\"data\":\\{\"code\":\"internal\","
                                + "\"message\":\"the server failed; its log has it under [0-9a-z]+\"}}");
            }

            ada.send("{\"event\":\"echo\",\"id\":2,\"data\":\"alive\"}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":2,\"data\":\"alive\"}");
            assertThat(stats().failures()).isEqualTo(3);
        }
    }

    @Test
    void aHandlerThatTakesTooLongIsInterruptedAndAnsweredFor() {
        serve(Gateway.at("/slow")
                .limits(SHORT.withGrace(Duration.ofMinutes(1)))
                .on("wait", connection -> {
                    try {
                        gate.await();
                    } catch (InterruptedException e) {
                        seen.add("interrupted");
                        throw e;
                    }
                })
                .on("flag", connection -> seen.add(Thread.currentThread().isInterrupted())));
        try (TestClient ada = TestClient.connect(server, "/slow")) {
            ada.send("{\"event\":\"wait\",\"id\":1}").send("{\"event\":\"flag\",\"id\":2}");

            assertThat(ada.next())
                    .startsWith("{\"event\":\"error\",\"id\":1,\"data\":{\"code\":\"timeout\","
                            + "\"message\":\"the handler took longer than 200 ms");
            assertThat(TestClient.take(seen)).isEqualTo("interrupted");
            assertThat(TestClient.take(seen)).as("interrupted still").isEqualTo(false);
            assertThat(stats()).extracting("timeouts", "failures", "abandoned").containsExactly(1L, 0L, 0L);
        }
    }

    @Test
    void aStageThatTakesTooLongIsCancelledAndTheNextMessageIsHandled() {
        CompletableFuture<String> never = new CompletableFuture<>();
        serve(Gateway.at("/slow")
                .limits(SHORT)
                .answer("wait", connection -> never)
                .on("say", String.class, (connection, text) -> seen.add(text)));
        try (TestClient ada = TestClient.connect(server, "/slow")) {
            ada.send("{\"event\":\"wait\",\"id\":1}").send("{\"event\":\"say\",\"id\":2,\"data\":\"next\"}");

            assertThat(ada.next()).startsWith("{\"event\":\"error\",\"id\":1,\"data\":{\"code\":\"timeout\"");
            assertThat(TestClient.take(seen)).isEqualTo("next");
            assertThat(never).isCancelled();
        }
    }

    @Test
    void aHandlerThatIgnoresItsInterruptLosesItsConnectionAndIsLeftToItself() {
        serve(Gateway.at("/stuck")
                .limits(SHORT.withMaxRunning(1))
                .on("stick", connection -> {
                    while (gate.getCount() > 0) {
                        Thread.interrupted();
                        Thread.onSpinWait();
                    }
                    seen.add("returned");
                })
                .on("never", connection -> seen.add("never"))
                .on("say", String.class, (connection, text) -> seen.add(text))
                .onDisconnect((connection, reason) -> seen.add(reason.label())));
        try (TestClient ada = TestClient.connect(server, "/stuck");
                TestClient ben = TestClient.connect(server, "/stuck")) {
            ada.send("{\"event\":\"stick\",\"id\":1}").send("{\"event\":\"never\",\"id\":2}");

            assertThat(ada.next()).contains("\"code\":\"timeout\"");
            assertThat(ada.closeCode()).isEqualTo(1011);
            assertThat(TestClient.take(seen)).isEqualTo("handler_stuck");
            ben.send("{\"event\":\"say\",\"data\":\"though one may run\"}");
            assertThat(TestClient.take(seen)).isEqualTo("though one may run");
            assertThat(stats()).extracting("abandoned", "stuck", "discarded").containsExactly(1L, 1, 1L);

            gate.countDown();
            assertThat(TestClient.take(seen)).isEqualTo("returned");
            while (stats().stuck() > 0) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void whatDoesNotFitOnThePoolWaitsAndNothingOfItIsLost() {
        serve(Gateway.at("/pool")
                .limits(HandlerLimits.defaults().withMaxRunning(2))
                .on("wait", connection -> {
                    seen.add("waiting");
                    gate.await();
                })
                .answer("echo", Integer.class, (connection, number) -> number));
        List<TestClient> all = new ArrayList<>();
        try {
            for (int i = 0; i < 2; i++) {
                TestClient busy = TestClient.connect(server, "/pool");
                busy.send("{\"event\":\"wait\"}");
                all.add(busy);
                TestClient.take(seen);
            }
            for (int i = 0; i < 8; i++) {
                TestClient waiting = TestClient.connect(server, "/pool");
                waiting.send("{\"event\":\"echo\",\"id\":1,\"data\":" + i + "}");
                waiting.send("{\"event\":\"ping\",\"id\":2}");
                all.add(waiting);
                assertThat(waiting.next()).as("the loop is free").startsWith("{\"event\":\"pong\"");
            }
            assertThat(stats()).extracting("running", "waiting").containsExactly(2, 8);

            gate.countDown();

            for (int i = 0; i < 8; i++) {
                assertThat(all.get(2 + i).next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":" + i + "}");
            }
        } finally {
            all.forEach(TestClient::close);
        }
    }

    // G12.

    private Gateway counting(Map<Object, Integer> connects, Map<Object, Integer> disconnects) {
        return Gateway.at("/g12")
                .onConnect(connection -> {
                    connects.merge(connection.id(), 1, Integer::sum);
                    if (connection.claims().subject().isPresent()) {
                        throw new IllegalStateException("not welcome");
                    }
                })
                .on("fail", connection -> {
                    throw new IllegalStateException();
                })
                .on("wait", connection -> gate.await())
                .onDisconnect((connection, reason) -> {
                    disconnects.merge(connection.id(), 1, Integer::sum);
                    seen.add(reason.label());
                    throw new IllegalStateException("again");
                })
                .authenticator(TestClient.trusting());
    }

    @Test
    void eachConnectHasOneDisconnectWhateverThrowsAndHoweverTheConnectionEnds() {
        Map<Object, Integer> connects = new ConcurrentHashMap<>();
        Map<Object, Integer> disconnects = new ConcurrentHashMap<>();
        serve(counting(connects, disconnects));

        TestClient leaving = TestClient.connect(server, "/g12");
        leaving.send("{\"event\":\"fail\",\"id\":1}");
        assertThat(leaving.next()).contains("internal");
        leaving.leave();
        assertThat(TestClient.take(seen)).isEqualTo("peer_closed");

        TestClient vanishing = TestClient.connect(server, "/g12");
        vanishing.close();
        assertThat(TestClient.take(seen)).isEqualTo("transport_lost");

        TestClient unwelcome = TestClient.connectAs("eve", server, "/g12");
        assertThat(unwelcome.next()).matches(".*\"code\":\"internal\".*");
        assertThat(unwelcome.closeCode()).isEqualTo(1011);
        assertThat(TestClient.take(seen)).isEqualTo("internal_error");

        TestClient staying = TestClient.connect(server, "/g12");
        TestClient busy = TestClient.connect(server, "/g12");
        busy.send("{\"event\":\"wait\"}");
        server.stop(Duration.ofSeconds(10));
        assertThat(staying.closeCode()).isEqualTo(1001);
        assertThat(List.of(TestClient.take(seen), TestClient.take(seen))).containsOnly("going_away");

        assertThat(disconnects).isEqualTo(connects).hasSize(5);
        assertThat(disconnects.values()).containsOnly(1);
        busy.close();
    }

    @Test
    void aRefusalWhileConnectingEndsTheConnectionInItsWords() {
        serve(Gateway.at("/door").onConnect(connection -> {
            throw new Refusal("full", "the house is full");
        }));
        try (TestClient ada = TestClient.connect(server, "/door")) {
            assertThat(ada.next()).contains("{\"code\":\"full\",\"message\":\"the house is full\"}");
            assertThat(ada.closeCode()).isEqualTo(1008);
        }
    }

    @Test
    void whatAClientSentBeforeItLeftIsHandledAndWhatOneSentThatWasPutOutIsNot() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        serve(Gateway.at("/late")
                .on("wait", connection -> {
                    started.countDown();
                    gate.await();
                })
                .on("close", connection -> connection.close(CloseReason.NORMAL))
                .on("say", String.class, (connection, text) -> seen.add(text))
                .onDisconnect((connection, reason) -> seen.add(reason.label())));
        TestClient leaving = TestClient.connect(server, "/late");
        leaving.send("{\"event\":\"wait\"}").send("{\"event\":\"say\",\"data\":\"last words\"}");
        started.await();
        leaving.leave();
        gate.countDown();
        assertThat(TestClient.take(seen)).isEqualTo("last words");
        assertThat(TestClient.take(seen)).isEqualTo("peer_closed");

        TestClient out = TestClient.connect(server, "/late");
        out.send("{\"event\":\"close\"}");
        assertThat(out.closeCode()).isEqualTo(1000);
        assertThat(TestClient.take(seen)).isEqualTo("normal");
        leaving.close();
        out.close();
    }

    @Test
    void aStopInterruptsWhatRunsSoThatTheDisconnectsBehindItStillRun() throws Exception {
        CountDownLatch running = new CountDownLatch(2);
        serve(Gateway.at("/stop")
                .on("wait", connection -> {
                    running.countDown();
                    gate.await();
                })
                .on("stick", connection -> {
                    running.countDown();
                    while (gate.getCount() > 0) {
                        Thread.interrupted();
                        Thread.onSpinWait();
                    }
                })
                .onDisconnect((connection, reason) -> seen.add(reason.label())));
        TestClient.connect(server, "/stop").send("{\"event\":\"wait\"}");
        TestClient.connect(server, "/stop").send("{\"event\":\"stick\"}");
        running.await();

        server.stop(Duration.ofSeconds(2));

        assertThat(seen).containsExactly("going_away", "going_away");
        assertThat(stats()).extracting("timeouts", "abandoned").containsExactly(2L, 1L);
    }
}
