package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is in an audience when the registry is asked. */
final class AudienceTest {

    private final ConnectionRegistry registry = ConnectionRegistry.builder()
            .shards(Collections.nCopies(3, ShardExecutor.callingThreads()))
            .build();
    private final ConnectionId ann = register(registry, new TestTransport(0), Claims.of("ann"));
    private final ConnectionId bob = register(registry, new TestTransport(1), Claims.of("bob"));
    private final ConnectionId bobToo = register(registry, new TestTransport(2), Claims.of("bob"));

    @BeforeEach
    void joinRooms() {
        registry.join(ann, "lobby");
        registry.join(bob, "lobby");
        registry.join(bob, "hall");
    }

    private List<ConnectionId> in(Audience audience) {
        return now(registry.connections(audience)).stream().map(Connection::id).toList();
    }

    @Test
    void isEveryone() {
        assertThat(in(Audience.all())).containsExactlyInAnyOrder(ann, bob, bobToo);
    }

    @Test
    void isTheConnectionsOfAUser() {
        assertThat(in(Audience.user("bob"))).containsExactlyInAnyOrder(bob, bobToo);
        assertThat(in(Audience.user("nobody"))).isEmpty();
    }

    @Test
    void isTheMembersOfSeveralRoomsEachOnce() {
        assertThat(in(Audience.rooms("lobby", "hall", "nowhere"))).containsExactlyInAnyOrder(ann, bob);
    }

    @Test
    void isWithoutTheExcepted() {
        assertThat(in(Audience.all().except(ann))).containsExactlyInAnyOrder(bob, bobToo);
        assertThat(in(Audience.all().exceptRooms("lobby"))).containsExactly(bobToo);
    }

    @Test
    void isWithoutThoseWhoHaveLeft() {
        registry.unregister(ann);

        assertThat(in(Audience.all())).containsExactlyInAnyOrder(bob, bobToo);
    }
}
