package io.campanile.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Liveness;
import io.campanile.core.OutboundLimits;
import io.campanile.core.RegistryConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** How an application's handlers are tested; docs/simulation.md shows this chat. */
final class ScenarioTest {

    // page: chat
    /** A chat of one room, which shows who is there. */
    static class Chat implements Scenario.Handlers {
        final ConnectionRegistry registry;
        final Set<ConnectionId> present = new HashSet<>();

        Chat(ConnectionRegistry registry) {
            this.registry = registry;
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            String text = new String(utf8, StandardCharsets.UTF_8);
            if (text.equals("enter")) {
                present.add(connection.id());
                registry.join(connection.id(), "chat");
            } else if (text.equals("quit")) {
                present.remove(connection.id());
                registry.leave(connection.id(), "chat");
            } else if (present.contains(connection.id())) {
                registry.broadcast("chat", text);
            }
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            present.remove(connection.id());
        }
    }
    // page: end of chat

    /** Forgets those who quit, and not those who go without a word. */
    static final class ForgetfulChat extends Chat {
        ForgetfulChat(ConnectionRegistry registry) {
            super(registry);
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {}
    }

    private static <C extends Chat> Scenario<C> scenario(Function<ConnectionRegistry, C> chat) {
        // page: scenario
        return Scenario.of(chat)
                .sending(random -> new String[] {"enter", "quit", "hello"}[random.nextInt(3)])
                .atRest(world -> assertThat(world.handlers().present)
                        .as("who is present")
                        .hasSize(world.registry().memberCount("chat")));
        // page: end of scenario
    }

    @Test
    void isShownInTheDocumentationAsItIsHere() throws IOException {
        String source = Files.readString(Path.of("src/test/java/io/campanile/testkit/ScenarioTest.java"));
        String page = Files.readString(Path.of("../docs/simulation.md"));

        assertThat(page).contains("```java\n" + quoted(source, "chat") + "```\n");
        assertThat(page).contains("```java\n" + quoted(source, "scenario") + "```\n");
    }

    private static String quoted(String source, String what) {
        String begin = "// page: " + what + "\n";
        return source.substring(source.indexOf(begin) + begin.length(), source.indexOf("// page: end of " + what))
                .stripIndent();
    }

    @Test
    void findsNothingWrongWithAChatThatIsRight() {
        assertThat(scenario(Chat::new).run(1, 2_000)).isEmpty();
    }

    @Test
    void findsTheChatThatForgetsToForgetAndTellsTheStepsThatMatter() {
        Scenario.Failure failure = scenario(ForgetfulChat::new).run(1, 2_000).orElseThrow();

        assertThat(failure.what()).contains("who is present");
        assertThat(failure.steps()).isEqualTo(2);
        assertThat(failure.trace()).matches("""
                  (\\w+) connects
                  \\1 sends enter
                  everything runs, and everybody reads
                      \\1 is closed: transport_lost
                  everybody leaves
                """);
    }

    @Test
    void replaysAFailureByItsSeed() {
        Scenario.Failure failure = scenario(ForgetfulChat::new).run(1, 2_000).orElseThrow();

        assertThat(scenario(ForgetfulChat::new).run(failure.seed())).contains(failure);
    }

    @Test
    void tellsOfAHandlerThatThrows() {
        Scenario<Scenario.Handlers> scenario = Scenario.<Scenario.Handlers>of(registry -> (connection, utf8) -> {
                    throw new IllegalStateException("not today");
                })
                .sending(random -> "hello");

        assertThat(scenario.run(1, 100).orElseThrow().what())
                .isEqualTo("the handlers threw java.lang.IllegalStateException: not today");
    }

    @Test
    void reachesEveryWayInWhichAConnectionEnds() {
        Set<String> reasons = new TreeSet<>();
        Scenario.of(registry -> new Scenario.Handlers() {
                    @Override
                    public void opened(Connection connection) {
                        registry.join(connection.id(), "all");
                    }

                    @Override
                    public void text(Connection connection, byte[] utf8) {
                        if (utf8.length == 1) {
                            registry.unregister(connection.id());
                        } else {
                            registry.broadcast("all", "x".repeat(100));
                        }
                    }

                    @Override
                    public void closed(Connection connection, CloseReason reason) {
                        reasons.add(reason.label());
                    }
                })
                .sending(random -> random.nextInt(8) == 0 ? "-" : "say it")
                .config(RegistryConfig.defaults()
                        .withOutbound(new OutboundLimits(200, 10))
                        .withLiveness(Liveness.defaults()
                                .withPongTimeout(Duration.ofSeconds(2))
                                .withPingInterval(Duration.ofSeconds(5))
                                .withIdleTimeout(Duration.ofSeconds(10))))
                .steps(80)
                .run(1, 300)
                .ifPresent(failure -> assertThat(failure).isNull());

        assertThat(reasons).contains("normal", "slow_client", "transport_lost", "no_pong", "idle");
    }

    @Test
    void checksAfterEveryStep() {
        Scenario<Chat> scenario = scenario(Chat::new)
                .always(world -> assertThat(world.connected()).as("connected").hasSizeLessThan(3));

        assertThat(scenario.run(1, 100).orElseThrow().steps()).isEqualTo(3);
    }

    @Test
    void refusesNumbersThatMeanNothing() {
        assertThatThrownBy(() -> scenario(Chat::new).clients(9)).hasMessage("clients: 9 (expected: 1 to 8)");
        assertThatThrownBy(() -> scenario(Chat::new).steps(0)).hasMessage("steps: 0 (expected: > 0)");
    }
}
