package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.WireFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** G8 and G14: what becomes of messages for a slow client, and who is told of it. */
final class OverflowTest {

    private static final Delivery NEWEST = Delivery.usual().withOverflow(OverflowPolicy.DROP_NEWEST);
    private static final Delivery OLDEST = Delivery.usual().withOverflow(OverflowPolicy.DROP_OLDEST);
    private static final Delivery LATEST = Delivery.usual().withOverflow(OverflowPolicy.LATEST_PER_KEY);

    private final TestTransport slow = new TestTransport();

    /** A registry with one connection, in the rooms, whose transport holds the message "held". */
    private ConnectionRegistry stalled(OutboundLimits limits, String... rooms) {
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(ShardExecutor.callingThreads()))
                .config(RegistryConfig.defaults().withOutbound(limits))
                .roomOverflow(room -> switch (room) {
                    case "prices" -> OverflowPolicy.LATEST_PER_KEY;
                    case "news" -> OverflowPolicy.DROP_OLDEST;
                    default -> OverflowPolicy.EVICT;
                })
                .build();
        ConnectionId id = register(registry, slow);
        for (String room : rooms) {
            registry.join(id, room);
        }
        slow.stalled = true;
        registry.send(id, Message.text("held"));
        return registry;
    }

    private static OutboundLimits frames(int frames) {
        return new OutboundLimits(10_000, frames);
    }

    private static Receipt publish(ConnectionRegistry registry, String room, String text, Delivery delivery) {
        return now(registry.broadcastWithReceipt(Audience.room(room), Message.text(text), delivery));
    }

    private static Receipt publish(ConnectionRegistry registry, String room, String text) {
        return publish(registry, room, text, Delivery.usual());
    }

    @Test
    void dropsTheNewestAndSaysHowManyWereMissedWhereTheFirstWas() {
        ConnectionRegistry registry = stalled(frames(4), "a"); // of which droppable messages have three

        publish(registry, "a", "1", NEWEST);
        publish(registry, "a", "2", NEWEST);
        Receipt dropped = publish(registry, "a", "3", NEWEST);
        publish(registry, "a", "4", NEWEST);
        slow.resume();
        publish(registry, "a", "5", NEWEST);

        assertThat(dropped).isEqualTo(new Receipt(Posted.ACCEPTED, 1, 0, 1, 0, 0));
        assertThat(slow.messages()).containsExactly("held", "1", "2", "missed 2 in a", "5");
        assertThat(registry.stats().dropped()).isEqualTo(2);
    }

    @Test
    void dropsTheOldestOfTheSameRoomOnly() {
        ConnectionRegistry registry = stalled(frames(8), "news", "b"); // of which droppable messages have six

        publish(registry, "b", "b1", OLDEST);
        for (int i = 1; i <= 4; i++) {
            publish(registry, "news", "n" + i);
        }
        Receipt displaced = publish(registry, "news", "n5");
        slow.resume();

        assertThat(displaced).isEqualTo(new Receipt(Posted.ACCEPTED, 1, 1, 0, 0, 2));
        assertThat(slow.messages()).containsExactly("held", "b1", "missed 2 in news", "n3", "n4", "n5");
        assertThat(registry.stats().dropped()).isEqualTo(2);
    }

    @Test
    void dropsTheMessageItselfWhenNothingOlderOfItsRoomWaits() {
        ConnectionRegistry registry = stalled(frames(4), "news", "b");

        publish(registry, "b", "b1", OLDEST);
        publish(registry, "b", "b2", OLDEST);
        Receipt dropped = publish(registry, "news", "n1");
        slow.resume();

        assertThat(dropped.dropped()).isEqualTo(1);
        assertThat(slow.messages()).containsExactly("held", "b1", "b2", "missed 1 in news");
    }

    @Test
    void keepsTheLatestOfEachKeyAndTheOrderInWhichTheyCame() {
        ConnectionRegistry registry = stalled(frames(8), "prices");

        publish(registry, "prices", "eur 1", Delivery.usual().withKey("eur"));
        publish(registry, "prices", "usd 1", Delivery.usual().withKey("usd"));
        Receipt displaced =
                publish(registry, "prices", "eur 2", Delivery.usual().withKey("eur"));
        publish(registry, "prices", "eur 3", Delivery.usual().withKey("eur"));
        slow.resume();

        assertThat(displaced).isEqualTo(new Receipt(Posted.ACCEPTED, 1, 1, 0, 0, 1));
        assertThat(slow.messages()).containsExactly("held", "missed 2 in prices", "usd 1", "eur 3");
        assertThat(registry.stats().conflated()).isEqualTo(2);
        assertThat(registry.stats().dropped()).isZero();
    }

    @Test
    void evictsWhenNotEvenTheLatestOfEachKeyFits() {
        ConnectionRegistry registry = stalled(frames(3), "prices");

        publish(registry, "prices", "1", Delivery.usual().withKey("a"));
        publish(registry, "prices", "2", Delivery.usual().withKey("b"));
        Receipt evicted = publish(registry, "prices", "3", Delivery.usual().withKey("c"));

        assertThat(evicted).isEqualTo(new Receipt(Posted.ACCEPTED, 1, 0, 0, 1, 0));
        assertThat(slow.closed).contains(CloseReason.slowClient("3 frames"));
    }

    @Test
    void replacesOnlyMessagesOfTheSameRoomThatHaveThePolicyToo() {
        ConnectionRegistry registry = stalled(frames(10), "a", "b");

        publish(registry, "a", "a kept", NEWEST.withKey("k"));
        publish(registry, "b", "b kept", LATEST.withKey("k"));
        publish(registry, "a", "a 1", LATEST.withKey("k"));
        publish(registry, "a", "a 2", LATEST.withKey("k"));
        slow.resume();

        assertThat(slow.messages()).containsExactly("held", "a kept", "b kept", "missed 1 in a", "a 2");
    }

    @Test
    void neverTouchesWhatTheNetworkTakes() {
        ConnectionRegistry registry = stalled(frames(4), "prices");
        slow.resume();

        for (int i = 1; i <= 20; i++) {
            publish(registry, "prices", "eur " + i, Delivery.usual().withKey("eur"));
        }

        assertThat(slow.messages()).hasSize(21);
        assertThat(registry.stats().conflated()).isZero();
    }

    @Test
    void keepsRoomForWhatMustNotBeLost() {
        ConnectionRegistry registry = stalled(frames(8), "news");
        ConnectionId id = now(registry.members("news")).get(0);
        for (int i = 1; i <= 20; i++) {
            publish(registry, "news", "n" + i);
        }

        SendOutcome answer = now(registry.sendWithReceipt(id, Message.text("answer")));
        slow.resume();

        assertThat(answer).isEqualTo(SendOutcome.QUEUED);
        assertThat(slow.messages()).containsExactly("held", "missed 16 in news", "n17", "n18", "n19", "n20", "answer");
    }

    @Test
    void evictsRatherThanLoseTheNoticeOfAGap() {
        ConnectionRegistry registry = stalled(frames(4), "a", "b");
        publish(registry, "a", "1", NEWEST);
        publish(registry, "a", "2", NEWEST);
        publish(registry, "a", "3", NEWEST);

        Receipt evicted = publish(registry, "b", "4", NEWEST);

        assertThat(evicted).isEqualTo(new Receipt(Posted.ACCEPTED, 1, 0, 0, 1, 0));
        assertThat(slow.closed).contains(CloseReason.slowClient("4 frames"));
        assertThat(registry.stats().waitingBytes()).isEqualTo(5); // what its transport holds
    }

    @Test
    void tellsOfMessagesThroughNoRoom() {
        ConnectionRegistry registry = stalled(frames(4), "a");
        ConnectionId id = now(registry.members("a")).get(0);

        for (int i = 1; i <= 4; i++) {
            registry.send(id, Message.text("direct " + i), OLDEST);
        }
        slow.resume();

        assertThat(slow.messages()).containsExactly("held", "missed 3", "direct 4");
    }

    @Test
    void saysThatAnotherMessageWasDisplaced() {
        ConnectionRegistry registry = stalled(frames(4), "a");
        ConnectionId id = now(registry.members("a")).get(0);
        registry.send(id, Message.text("1"), LATEST);

        assertThat(now(registry.sendWithReceipt(id, Message.text("2"), LATEST))).isEqualTo(SendOutcome.DISPLACED);
    }

    @Test
    void tellsAlsoThoseWhoKeepUpOfAMessageThatCannotBeWritten() {
        WireFormat choosy = message -> {
            if (message.kind() == Message.Kind.BINARY) {
                throw new UnsupportedOperationException("text only");
            }
            return Fixture.LINES.encode(message);
        };
        ConnectionRegistry registry = stalled(frames(4));
        TestTransport healthy = new TestTransport() {
            @Override
            public WireFormat format() {
                return choosy;
            }
        };
        registry.join(register(registry, healthy), "a");

        Receipt receipt = now(registry.broadcastWithReceipt(Audience.room("a"), Message.binary(new byte[] {1})));

        assertThat(receipt).isEqualTo(new Receipt(Posted.ACCEPTED, 1, 0, 1, 0, 0));
        assertThat(healthy.messages()).containsExactly("missed 1 in a");
    }

    @Test
    void countsAGapInFullBeforeItIsWrittenAndForWhatItIsAfterwards() {
        ConnectionRegistry registry = stalled(frames(4), "a");
        for (int i = 1; i <= 4; i++) {
            publish(registry, "a", "" + i, NEWEST);
        }
        int notice = "missed 9223372036854775807 in a\n".length();
        assertThat(registry.stats().waitingBytes()).isEqualTo("held\n1\n2\n".length() + notice);

        slow.link.writable(); // still stalled: the backlog is held now

        assertThat(registry.stats().waitingBytes()).isEqualTo("1\n2\nmissed 2 in a\n".length());
    }

    @Test
    void takesAThrowingPolicyForEviction() {
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(ShardExecutor.callingThreads()))
                .config(RegistryConfig.defaults().withOutbound(frames(2)))
                .roomOverflow(room -> {
                    throw new IllegalStateException(room);
                })
                .build();
        registry.join(register(registry, slow), "a");
        slow.stalled = true;

        publish(registry, "a", "1");
        publish(registry, "a", "2");

        assertThat(publish(registry, "a", "3").evicted()).isEqualTo(1);
        assertThat(registry.stats().listenerFailures()).isEqualTo(1);
    }

    @Test
    void refusesAKeyThatIsTooLong() {
        assertThatThrownBy(() -> Delivery.usual().withKey("k".repeat(257)))
                .hasMessage("length of the key: 257 (expected: 0 to 256)");
        assertThat(Delivery.usual().overflow()).isEqualTo(Optional.empty());
    }

    @Test
    void aBurstInOneTurnLeavesRoomForTheLatestOfEachKey() {
        Fixture.SteppedExecutor loop = new Fixture.SteppedExecutor();
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(loop))
                .config(RegistryConfig.defaults().withOutbound(frames(8))) // of which a burst may have six
                .roomOverflow(room -> OverflowPolicy.LATEST_PER_KEY)
                .build();
        registry.register(slow, Claims.anonymous())
                .thenAccept(answer -> registry.join(
                        ((Registration.Registered) answer).connection().id(), "prices"));
        loop.runAll();
        slow.stalled = true;

        for (int i = 1; i <= 20; i++) {
            registry.broadcast(Audience.room("prices"), Message.text("price " + i), Delivery.usual());
        }
        loop.runAll();
        slow.resume();
        loop.runAll();

        assertThat(slow.closed).isEmpty();
        assertThat(slow.messages())
                .containsExactly(
                        "price 1",
                        "price 2",
                        "price 3",
                        "price 4",
                        "price 5",
                        "price 6",
                        "missed 13 in prices",
                        "price 20");
    }
}
