package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.gateway.HttpCall;
import io.campanile.protocol.Payload;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Pages of a list that changes while it is read. */
final class PageRequestTest {

    @Test
    void takesLimitsUpToAThousand() {
        assertThat(limit("")).contains(100);
        assertThat(limit("limit=1")).contains(1);
        assertThat(limit("limit=1000")).contains(1_000);
        for (String wrong : List.of("0", "1001", "-1", "", "ten", "1e2", "99999999999999999999")) {
            assertThat(limit("limit=" + wrong)).isEmpty();
        }
    }

    @Test
    void refusesCursorsThatItHasNotGiven() {
        String good = PageRequest.encode("lobby");

        assertThat(limit("after=" + good)).isPresent();
        for (String wrong : List.of("", "lobby!", good + "=", good.substring(1), "_w", "%00")) {
            assertThat(limit("after=" + wrong)).as(wrong).isEmpty();
        }
    }

    @Test
    void showsWhatIsThereAllTheTimeExactlyOnceWhateverComesAndGoes() {
        for (int seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            Set<String> steady = names(random, "s");
            Set<String> fickle = names(random, "f");
            int limit = 1 + random.nextInt(12);
            var seen = new ArrayList<String>();
            Optional<String> after = Optional.empty();
            do {
                Set<String> all = new TreeSet<>(steady);
                fickle.stream().filter(name -> random.nextBoolean()).forEach(all::add);
                var page =
                        new PageRequest(limit, after).of(all, Comparator.<String>naturalOrder(), after, name -> name);
                assertThat(page.entries()).hasSizeLessThanOrEqualTo(limit).isSorted();
                seen.addAll(page.entries());
                after = page.next()
                        .map(cursor -> ((Payload.Valid<PageRequest>) PageRequest.read(call("after=" + cursor)))
                                .value()
                                .after()
                                .orElseThrow());
            } while (after.isPresent());

            assertThat(seen).as("seed " + seed).doesNotHaveDuplicates().containsAll(steady);
        }
    }

    private static Set<String> names(Random random, String prefix) {
        var names = new TreeSet<String>();
        for (int i = random.nextInt(60); i > 0; i--) {
            names.add(Integer.toString(random.nextInt(1_000)) + prefix);
        }
        return names;
    }

    private static Optional<Integer> limit(String query) {
        return PageRequest.read(call(query)) instanceof Payload.Valid<PageRequest> valid
                ? Optional.of(valid.value().limit())
                : Optional.empty();
    }

    private static HttpCall call(String query) {
        return new HttpCall(
                "GET", "/api/rooms", query, Map.of(), new byte[0], InetSocketAddress.createUnresolved("peer", 1));
    }
}
