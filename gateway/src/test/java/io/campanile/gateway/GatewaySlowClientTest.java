package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Audience;
import io.campanile.core.Connection;
import io.campanile.core.Delivery;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.Receipt;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryStats;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** G8 and G14 on real sockets: what clients that stop reading get once they read again. */
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
final class GatewaySlowClientTest {

    /** Eight megabytes for each room: no socket buffer takes that. */
    private static final int MESSAGES = 2_000;

    private static final String FILL = "x".repeat(4_000);
    private static final int KEYS = 4;
    private static final Pattern NOTICE =
            Pattern.compile("\\{\"event\":\"campanile.gap\",\"room\":\"(.*)\",\"data\":\\{\"missed\":(\\d+)}}");

    private final IoKind io;
    private final TestGateway.Echo echo = new TestGateway.Echo();

    GatewaySlowClientTest(IoKind io) {
        this.io = io;
    }

    private record Heard(List<Integer> numbers, long missed) {}

    /** Reads until what came and what was missed is all. */
    private static Heard readAll(RawClient client, String room) {
        List<Integer> numbers = new ArrayList<>();
        long missed = 0;
        while (numbers.size() + missed < MESSAGES) {
            String text = client.readText();
            Matcher notice = NOTICE.matcher(text);
            if (notice.matches()) {
                assertThat(notice.group(1)).isEqualTo(room);
                missed += Long.parseLong(notice.group(2));
            } else {
                numbers.add(Integer.valueOf(text.substring(0, text.indexOf(' '))));
            }
        }
        return new Heard(numbers, missed);
    }

    @Test
    void whoStopsReadingGetsTheSurvivorsInOrderAndIsToldHowManyItMissed() {
        Map<String, OverflowPolicy> rooms = new LinkedHashMap<>();
        rooms.put("newest", OverflowPolicy.DROP_NEWEST);
        rooms.put("oldest", OverflowPolicy.DROP_OLDEST);
        rooms.put("latest", OverflowPolicy.LATEST_PER_KEY);
        RegistryConfig config = RegistryConfig.defaults().withOutbound(new OutboundLimits(256 << 10, 64));
        try (GatewayServer gateway = TestGateway.on(io)
                        .registry(config)
                        .roomOverflow(rooms::get)
                        .webSocket("/echo", echo)
                        .start();
                RawClient healthy = joined(gateway, RawClient.connect(gateway), rooms.keySet());
                RawClient newest = joined(gateway, RawClient.connect(gateway, 4_096), Set.of("newest"));
                RawClient oldest = joined(gateway, RawClient.connect(gateway, 4_096), Set.of("oldest"));
                RawClient latest = joined(gateway, RawClient.connect(gateway, 4_096), Set.of("latest"))) {
            long displaced = 0;
            long dropped = 0;
            for (int i = 0; i < MESSAGES; i++) {
                for (String room : rooms.keySet()) {
                    Receipt receipt = TestGateway.now(gateway.registry()
                            .broadcastWithReceipt(
                                    Audience.room(room),
                                    Message.text(i + " " + room + FILL),
                                    Delivery.usual().withKey("k" + i % KEYS)));
                    displaced += receipt.displaced();
                    dropped += receipt.dropped();
                    assertThat(healthy.readText()).startsWith(i + " " + room);
                }
            }
            Heard fromNewest = readAll(newest, "newest");
            Heard fromOldest = readAll(oldest, "oldest");
            Heard fromLatest = readAll(latest, "latest");

            List<Integer> last = List.of(MESSAGES - 4, MESSAGES - 3, MESSAGES - 2, MESSAGES - 1);
            for (Heard heard : List.of(fromNewest, fromOldest, fromLatest)) {
                assertThat(heard.missed()).isPositive();
                assertThat(heard.numbers()).isSorted().doesNotHaveDuplicates();
            }
            assertThat(fromNewest.numbers()).doesNotContain(MESSAGES - 1);
            assertThat(fromOldest.numbers()).endsWith(last.toArray(Integer[]::new));
            assertThat(fromLatest.numbers()).endsWith(last.toArray(Integer[]::new));
            RegistryStats stats = gateway.registry().stats();
            assertThat(stats.dropped()).isEqualTo(fromNewest.missed() + fromOldest.missed());
            assertThat(stats.conflated()).isEqualTo(fromLatest.missed());
            assertThat(displaced + dropped).isEqualTo(stats.dropped() + stats.conflated());
            assertThat(stats.evicted()).isZero();
        }
    }

    /** Opens a WebSocket, one after another, since that is how they are told apart, and joins rooms. */
    private RawClient joined(GatewayServer gateway, RawClient client, Set<String> rooms) {
        RawClient opened = client.open("/echo");
        Connection own = TestGateway.await(echo.opened);
        rooms.forEach(room -> TestGateway.now(gateway.registry().join(own.id(), room)));
        return opened;
    }
}
