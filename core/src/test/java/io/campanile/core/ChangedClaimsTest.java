package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.Diary;
import io.campanile.core.Fixture.SteppedExecutor;
import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What a change of claims does to a connection and to the users on either side of it. */
final class ChangedClaimsTest {

    private final Diary diary = new Diary();
    private final ConnectionRegistry registry = ConnectionRegistry.builder()
            .shards(Collections.nCopies(3, ShardExecutor.callingThreads()))
            .listener(diary)
            .build();
    private final TestTransport transport = new TestTransport(1);
    private final ConnectionId id = register(registry, transport, Claims.of("ann"));

    private ClaimsOutcome change(Claims claims) {
        return now(registry.changeClaims(id, claims));
    }

    private void say(String user, String text) {
        registry.broadcast(Audience.user(user), Message.text(text));
    }

    @Test
    void areThoseOfTheConnectionFromThenOn() {
        Connection connection = registry.find(id).orElseThrow();

        assertThat(change(Claims.of("ann").withTokenId("t2"))).isEqualTo(ClaimsOutcome.CHANGED);
        assertThat(connection.claims()).isEqualTo(Claims.of("ann").withTokenId("t2"));
    }

    @Test
    void moveTheConnectionToAnotherUser() {
        change(Claims.of("bob"));

        say("ann", "to ann");
        say("bob", "to bob");

        assertThat(transport.messages()).containsExactly("to bob");
        assertThat(registry.userConnectionCount("ann")).isZero();
        assertThat(registry.userConnectionCount("bob")).isEqualTo(1);
    }

    @Test
    void keepTheUserWhenTheSubjectStaysTheSame() {
        change(Claims.of("ann").withTokenId("t2"));

        say("ann", "to ann");

        assertThat(transport.messages()).containsExactly("to ann");
        assertThat(registry.userConnectionCount("ann")).isEqualTo(1);
    }

    @Test
    void leaveAnAnonymousConnectionWithoutAUserAndGiveItOne() {
        change(Claims.anonymous());
        say("ann", "to ann");
        change(Claims.of("bob"));
        say("bob", "to bob");

        assertThat(transport.messages()).containsExactly("to bob");
        assertThat(registry.stats().users()).isEqualTo(1);
    }

    @Test
    void keepTheRooms() {
        registry.join(id, "lobby");

        change(Claims.of("bob"));

        assertThat(now(registry.rooms(id))).containsExactly("lobby");
    }

    @Test
    void leaveNothingBehindWhenTheConnectionHasLeft() {
        registry.unregister(id);

        assertThat(change(Claims.of("bob"))).isEqualTo(ClaimsOutcome.GONE);
        assertThat(now(registry.changeClaims(new ConnectionId(-1), Claims.of("bob"))))
                .isEqualTo(ClaimsOutcome.GONE);
        assertThat(registry.stats().users()).isZero();
    }

    @Test
    void leaveNothingBehindWhenTheConnectionLeavesAfterwards() {
        change(Claims.of("bob"));

        registry.unregister(id);

        assertThat(registry.stats().users()).isZero();
    }

    @Test
    void areToldToListenersBeforeTheAnswer() {
        List<String> heard = new java.util.ArrayList<>();
        ConnectionRegistry listened = ConnectionRegistry.builder()
                .listener(new RegistryListener() {
                    @Override
                    public void claimsChanged(Connection connection, Claims before) {
                        heard.add(before + " to " + connection.claims());
                    }
                })
                .build();
        ConnectionId one = register(listened, new TestTransport(0), Claims.of("ann"));

        listened.changeClaims(one, Claims.of("bob")).thenRun(() -> heard.add("answered"));

        assertThat(heard).containsExactly("Claims[ann] to Claims[bob]", "answered");
    }

    @Test
    void reachTheNewUserWithABroadcastAskedForRightAfter() {
        SteppedExecutor shard = new SteppedExecutor();
        ConnectionRegistry stepped =
                ConnectionRegistry.builder().shards(List.of(shard)).build();
        TestTransport ann = new TestTransport(0);
        CompletionStage<Registration> registered = stepped.register(ann, Claims.of("ann"));
        shard.runAll();
        ConnectionId one =
                ((Registration.Registered) now(registered)).connection().id();

        stepped.broadcast(Audience.user("ann"), Message.text("before"));
        stepped.changeClaims(one, Claims.of("bob"));
        stepped.broadcast(Audience.user("bob"), Message.text("after"));
        stepped.broadcast(Audience.user("ann"), Message.text("too late"));
        shard.runAll();

        assertThat(ann.messages()).containsExactly("before", "after");
    }
}
