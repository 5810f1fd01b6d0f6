package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The program as a process of its own: what it prints, and how it ends. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class MainTest {

    private static final List<String> COME_BACK_AT_ONCE =
            List.of("CAMPANILE_SERVER_COME_BACK_MIN=1ms", "CAMPANILE_SERVER_COME_BACK_MAX=2ms");

    private final List<Process> processes = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void end() {
        processes.forEach(Process::destroyForcibly);
    }

    @Test
    void saysWhereItListensHowToConnectAndHowToPublish() throws Exception {
        Process process = start("serve", "--port", "0");
        List<String> greeting = greeting(process);
        int port = port(greeting);

        assertThat(String.join("\n", greeting))
                .contains("http://127.0.0.1:" + port + "/ in a browser", "ws://127.0.0.1:" + port + "/ws")
                .contains("Development mode");
        Matcher curl = Pattern.compile("curl -d '(\\{.*})' (http://\\S+)").matcher(String.join("\n", greeting));
        assertThat(curl.find()).isTrue();
        Peer peer =
                Peer.connect(http, URI.create("ws://127.0.0.1:" + port + "/ws")).join("lobby");
        var answer = http.send(
                HttpRequest.newBuilder(URI.create(curl.group(2)))
                        .header("content-type", "application/x-www-form-urlencoded")
                        .POST(BodyPublishers.ofString(curl.group(1)))
                        .build(),
                BodyHandlers.ofString());
        assertThat(answer.body()).isEqualTo("{\"matched\":1,\"queued\":1,\"dropped\":0,\"evicted\":0}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":\"hello\"}");
    }

    @Test
    void stopsInOrderOnSigterm() throws Exception {
        Process process = start("serve", "--port", "0");
        int port = port(greeting(process));
        Peer peer = Peer.connect(http, URI.create("ws://127.0.0.1:" + port + "/ws"));

        signal(process, "TERM");

        assertThat(peer.closeCode()).isEqualTo(1001);
        assertThat(process.waitFor()).isZero();
        assertThat(process.errorReader().lines())
                .anyMatch(line ->
                        line.matches("\\S+ INFO  server started version=\\S+ .*address=127.0.0.1:" + port + " .*"))
                .anyMatch(line -> line.matches(
                        "\\S+ INFO  server stopped connections=1 left=0 told=1 flushed=1 lost=0 cut=0 drained=\\d+ms"
                                + " took=\\d+ms up=\\d+s"));
    }

    @Test
    void stopsInOrderOnSigint() throws Exception {
        assumeSigintIsHeard();
        Process process = start("serve", "--port", "0");
        greeting(process);

        signal(process, "INT");

        assertThat(process.waitFor()).isZero();
    }

    @Test
    void isHurriedByASecondSignal() throws Exception {
        Process process = start(
                List.of(
                        "CAMPANILE_SERVER_DRAIN_DELAY=10m",
                        "CAMPANILE_SERVER_DRAIN_WINDOW=9m",
                        "CAMPANILE_SERVER_STOP_TIMEOUT=10m"),
                "serve",
                "--port",
                "0");
        int port = port(greeting(process));
        Peer peer = Peer.connect(http, URI.create("ws://127.0.0.1:" + port + "/ws"));

        signal(process, "TERM");
        awaitLine(process, "gateway drains");
        signal(process, "TERM");

        assertThat(peer.closeCode()).isEqualTo(1001);
        assertThat(process.waitFor()).isZero();
        assertThat(process.errorReader().lines()).anyMatch(line -> line.contains("hurried by a second signal"));
    }

    /** A shell starts what runs in its background with SIGINT ignored, and children of children inherit that. */
    private static void assumeSigintIsHeard() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (Files.exists(status)) {
            long ignored = Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith("SigIgn:"))
                    .mapToLong(line -> Long.parseUnsignedLong(
                            line.substring("SigIgn:".length()).strip(), 16))
                    .findFirst()
                    .orElse(0);
            assumeThat(ignored & 0b10)
                    .as("SIGINT, which this process was started to ignore")
                    .isZero();
        }
    }

    private static void awaitLine(Process process, String part) throws IOException {
        while (!process.errorReader().readLine().contains(part)) {
            // what is logged before is not of interest
        }
    }

    @Test
    void isCutShortByAThirdSignal() throws Exception {
        // Its answer to a close frame never comes, so that the second signal does not end it all.
        Process process = start(
                List.of("CAMPANILE_SERVER_DRAIN_DELAY=10m", "CAMPANILE_CLIENT_CLOSE_TIMEOUT=1m"),
                "serve",
                "--port",
                "0");
        int port = port(greeting(process));

        try (var silent = new Socket("127.0.0.1", port)) {
            silent.getOutputStream()
                    .write(("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(silent.getInputStream().read()).isEqualTo('H');
            signal(process, "TERM");
            awaitLine(process, "gateway drains");
            signal(process, "TERM");
            awaitLine(process, "hurried by a second signal");
            signal(process, "TERM");

            assertThat(process.waitFor()).isEqualTo(1);
            assertThat(process.errorReader().lines()).anyMatch(line -> line.contains("cut short by a third signal"));
        }
    }

    @Test
    void endsTailQuietlyOnSigint() throws Exception {
        assumeSigintIsHeard();
        int port = port(greeting(start("serve", "--port", "0")));
        Process tail = start("tail", "lobby", "--server", "http://127.0.0.1:" + port);
        assertThat(tail.errorReader().readLine()).isEqualTo("campanile: listening to lobby");

        signal(tail, "INT");

        assertThat(tail.waitFor()).isEqualTo(130);
        assertThat(tail.errorReader().lines()).isEmpty();
        assertThat(tail.inputReader().lines()).isEmpty();
    }

    @Test
    void connectsTailAgainWhenTheServerComesBack() throws Exception {
        Process first = start(COME_BACK_AT_ONCE, "serve", "--port", "0");
        int port = port(greeting(first));
        Process tail = start("tail", "lobby", "--json", "--server", "http://127.0.0.1:" + port);
        BufferedReader notes = tail.errorReader();
        assertThat(notes.readLine()).isEqualTo("campanile: listening to lobby");

        signal(first, "TERM");
        assertThat(first.waitFor()).isZero();
        assertThat(notes.readLine())
                .isEqualTo("campanile: the server closed the stream: the server is going away (1001 going_away)");
        start(COME_BACK_AT_ONCE, "serve", "--port", String.valueOf(port));
        String note = notes.readLine();
        while (note != null && !note.equals("campanile: listening again to lobby")) {
            assertThat(note).contains("; connecting again in ");
            note = notes.readLine();
        }

        Process publish = start("publish", "lobby", "chat", "1", "--server", "http://127.0.0.1:" + port);
        assertThat(publish.inputReader().lines()).containsExactly("published to lobby: queued for 1 of 1 connection");
        assertThat(tail.inputReader().readLine()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
    }

    @Test
    void endsWithThreeWhereNobodyListens() throws Exception {
        Process process = start(List.of("CAMPANILE_SERVER=http://127.0.0.1:1"), "rooms");

        assertThat(process.waitFor()).isEqualTo(3);
    }

    @Test
    void endsWithTwoOnWrongUsage() throws Exception {
        Process process = start("serve", "--port", "80x");

        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(process.errorReader().lines())
                .containsExactly("campanile: --port: expected 0 to 65535, got \"80x\"");
        assertThat(process.inputReader().lines()).isEmpty();
    }

    @Test
    void logsInJsonWhenToldTo() throws Exception {
        Process process = start("serve", "--port", "0", "--log-format", "json");
        greeting(process);

        signal(process, "TERM");

        assertThat(process.waitFor()).isZero();
        assertThat(process.errorReader().lines())
                .allMatch(line -> line.startsWith("{\"time\":\"") && line.endsWith("}"))
                .anyMatch(line ->
                        line.contains(",\"message\":\"server stopped\",\"connections\":0,\"left\":0,\"told\":0,"));
    }

    private Process start(String... args) throws IOException {
        return start(List.of(), args);
    }

    private Process start(List<String> env, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // As the launcher does: newer JVMs warn on standard error of native code that nobody allowed.
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(args));
        var builder = new ProcessBuilder(command);
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("CAMPANILE_") || name.equals("JAVA_TOOL_OPTIONS"));
        env.forEach(pair -> builder.environment().put(pair.split("=", 2)[0], pair.split("=", 2)[1]));
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    /** Returns what is printed up to the last line of the greeting. */
    private static List<String> greeting(Process process) throws IOException {
        var lines = new ArrayList<String>();
        BufferedReader reader = process.inputReader();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            lines.add(line);
            if (line.startsWith("Development mode")) {
                break;
            }
        }
        return lines;
    }

    private static int port(List<String> greeting) {
        return greeting.stream()
                .filter(line -> line.startsWith("listening on http://127.0.0.1:"))
                .map(line -> Integer.parseInt(line.substring(line.lastIndexOf(':') + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no port in " + greeting));
    }

    private static void signal(Process process, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }
}
