package io.campanile.benchmarks;

import io.campanile.benchmarks.Alternation.Beside;
import io.campanile.benchmarks.Alternation.Variant;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures what the server's features add to the cost of a broadcast. */
@Command(
        name = "features",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure what metrics, limits, liveness and claims cost, all together or also each by itself.",
            "",
            "Each round starts the server with all of them off and with all of them on, with --each also with one of them on,"
                    + " pinned to one processor, and puts the load on each for a second in turn, over and over. Metrics: /metrics answers and is read once a second; the counters behind it"
                    + " cannot be switched off. Limits: the rates of clients, the connections of addresses and users are"
                    + " limited, and outbound queues as by default; off, queues have the largest limits there are, for they"
                    + " cannot do without. Liveness: pings and deadlines as by default. Claims: each client shows a signed"
                    + " token, and a rule that asks for one of its claims governs the room.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 with all on, a message takes at most 1.05 of the processor time with all off, by the median of the"
                    + " ratios of all windows; 1 not so, or the run failed; 2 the options make no sense."
        })
final class FeaturesBench implements Callable<Integer> {
    private static final double MOST = 1.05;
    private static final String OFF = "off";
    private static final String ALL = "all";
    private static final String SECRET = "a-secret-for-servers-that-are-measured";

    /** What can be on or off. */
    enum Feature {
        METRICS(List.of("metrics.enabled: true"), List.of("metrics.enabled: false")),
        LIMITS(
                List.of(
                        "client.max-messages-per-second: 1000000",
                        "client.max-bytes-per-second: 1GiB",
                        "http.max-connections-per-address: 1000000",
                        "http.max-connects-per-second-per-address: 1000000",
                        "auth.max-connections-per-user: 1000000"),
                List.of(
                        "client.max-messages-per-second: 0",
                        "client.max-bytes-per-second: 0B",
                        "outbound.max-size: 64MiB",
                        "outbound.max-frames: 1000000",
                        "node.max-waiting-size: 1024GiB",
                        "node.max-posted-size: 1024GiB")),
        LIVENESS(List.of(), List.of("client.ping-interval: 0s", "client.pong-timeout: 0s", "client.idle-timeout: 0s")),
        CLAIMS(
                List.of("auth.jwt.secret: " + SECRET, "rooms.rules: ['* join publish if role=member']"),
                List.of("client.may-publish: true"));

        private final List<String> on;
        private final List<String> off;

        Feature(List<String> on, List<String> off) {
            this.on = on;
            this.off = off;
        }
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--each", description = "Measure each feature by itself too.")
    private boolean each;

    @Mixin
    private Alternation alternation = new Alternation();

    @Mixin
    private Place place = new Place();

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        alternation.check(place, List.of(Variant.of(Peer.CAMPANILE)));
        return place.run(spec, this::measure);
    }

    private int measure() throws IOException, InterruptedException, RunFailedException {
        List<Path> files = new ArrayList<>();
        try {
            List<Variant> variants = new ArrayList<>();
            variants.add(variant(OFF, "all off", EnumSet.noneOf(Feature.class), files));
            for (Feature feature : each ? Feature.values() : new Feature[0]) {
                String name = feature.name().toLowerCase(Locale.ROOT);
                variants.add(variant(name, name + " on", EnumSet.of(feature), files));
            }
            variants.add(variant(ALL, "all on", EnumSet.allOf(Feature.class), files));
            Windows windows = alternation.show(place, spec, variants);
            Goals goals = new Goals();
            for (int load = 0; load < windows.loads(); load++) {
                goals.atMost(
                        "all on, " + windows.load(load),
                        windows.ratio(load, ALL, OFF).median(),
                        MOST,
                        "of the processor time with all off");
            }
            return goals.conclude();
        } finally {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static Variant variant(String name, String title, Set<Feature> on, List<Path> files) throws IOException {
        Path file = Files.createTempFile("bench-features-", ".yml");
        files.add(file);
        Files.write(file, settings(on));
        Peer peer = new Peer(
                name,
                title,
                Peer.CAMPANILE.mode(),
                "{java} {options} -cp {classpath} io.campanile.server.Main serve --port {port} --config " + file);
        return new Variant(
                peer,
                on.contains(Feature.CLAIMS) ? List.of("Authorization: Bearer " + token()) : List.of(),
                on.contains(Feature.METRICS) ? Scraping::new : Beside.NOTHING);
    }

    /** Returns the lines of a configuration file in which these are on and the others off. */
    static List<String> settings(Set<Feature> on) {
        return Arrays.stream(Feature.values())
                .flatMap(feature -> (on.contains(feature) ? feature.on : feature.off).stream())
                .toList();
    }

    /** Returns a token as an identity provider would make it, good for longer than any run. */
    static String token() {
        String head = encoded("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.US_ASCII));
        String body = encoded(("{\"sub\":\"bench\",\"role\":\"member\",\"exp\":"
                        + Instant.now().plus(Duration.ofDays(1)).getEpochSecond() + "}")
                .getBytes(StandardCharsets.US_ASCII));
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
            return head + "." + body + "."
                    + encoded(mac.doFinal((head + "." + body).getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }

    private static String encoded(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Reads the metrics once a second, until it is closed; then tells if that ever failed. */
    private static final class Scraping implements AutoCloseable {
        private final HttpClient client = HttpClient.newHttpClient();
        private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread scraping = new Thread(task, "scrape");
            scraping.setDaemon(true);
            return scraping;
        });
        private volatile int read;

        Scraping(int port) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                    .timeout(Duration.ofSeconds(10))
                    .build();
            thread.scheduleAtFixedRate(() -> scrape(request), 1, 1, TimeUnit.SECONDS);
        }

        private void scrape(HttpRequest request) {
            try {
                if (client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode() == 200) {
                    read++;
                }
            } catch (IOException e) {
                thread.shutdown();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            boolean failed = thread.isShutdown();
            thread.shutdownNow();
            if (failed || read == 0) {
                throw new IllegalStateException("/metrics was not readable all the time");
            }
        }
    }
}
