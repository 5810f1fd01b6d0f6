package io.campanile.benchmarks;

import io.campanile.benchmarks.IdleLoad.Bytes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What idle connections take of each server's memory.
 *
 * @param scenario what was measured
 * @param looks for each server one result a round
 * @param circumstances how that was taken
 */
record IdleComparison(Scenario scenario, Map<Peer, List<Bytes>> looks, Circumstances circumstances) implements Outcome {

    private static Spread resident(List<Bytes> rounds) {
        return Spread.of(rounds.stream().mapToDouble(Bytes::resident).toArray());
    }

    private static Optional<Spread> heap(List<Bytes> rounds) {
        return rounds.get(0).heap().isEmpty()
                ? Optional.empty()
                : Optional.of(Spread.of(rounds.stream()
                        .mapToDouble(bytes -> bytes.heap().orElse(0))
                        .toArray()));
    }

    private static String bytes(Spread spread) {
        return String.format(Locale.ROOT, "%,.0f (%,.0f..%,.0f)", spread.median(), spread.least(), spread.most());
    }

    @Override
    public String table() {
        StringBuilder out = new StringBuilder(circumstances.table());
        out.append(
                String.format("%-26s%28s%28s%n", scenario.title(), "resident bytes for each", "heap bytes for each"));
        looks.forEach((peer, rounds) -> out.append(String.format(
                "%-26s%28s%28s%n",
                peer,
                bytes(resident(rounds)),
                heap(rounds).map(IdleComparison::bytes).orElse("-"))));
        return out.append(circumstances.failureLines()).toString();
    }

    @Override
    public String markdown() {
        StringBuilder out = new StringBuilder(String.format("### Idle: %s%n%n", scenario.title()));
        out.append(circumstances.markdown());
        out.append("""
                | server | resident bytes for each | heap bytes for each |
                |---|---|---|
                """);
        looks.forEach((peer, rounds) -> out.append(String.format(
                "| %s | %s | %s |%n",
                peer,
                bytes(resident(rounds)),
                heap(rounds).map(IdleComparison::bytes).orElse("-"))));
        return out.toString();
    }

    @Override
    public String draw(Path directory) throws IOException {
        List<Chart.Bar> bars = looks.entrySet().stream()
                .map(entry -> new Chart.Bar(
                        entry.getKey().toString(),
                        resident(entry.getValue()).median() / 1_024,
                        entry.getKey().isCampanile()))
                .toList();
        Path file = directory.resolve(scenario.name() + ".svg");
        new Chart(scenario.title(), "KiB of resident memory for each", bars).writeTo(file);
        return String.format("%n![%s](%s/%s)%n", scenario.title(), directory.getFileName(), file.getFileName());
    }

    @Override
    public Map<String, Object> toMap() {
        Map<String, Object> map = circumstances.toMap();
        Map<String, Object> rounds = new LinkedHashMap<>();
        looks.forEach((peer, list) ->
                rounds.put(peer.name(), list.stream().map(Bytes::toMap).toList()));
        map.put("rounds", rounds);
        return map;
    }
}
