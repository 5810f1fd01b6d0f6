package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line, from its options to its exit status. */
@Timeout(120)
final class BenchTest {
    private final StringWriter errors = new StringWriter();

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --url=http://localhost/ws       | --url: http://localhost/ws (expected: ws://host:port/path; TLS is not supported)
            --connections=0                 | --connections: 0 (expected: 1..1000000)
            --rooms=1001                    | --rooms: 1001 (expected: 1..1000)
            --mode=plain --echo=false       | --echo: false (expected: true with --mode plain)
            --size=78                       | --size: 78 (expected: 79..1048576)
            --mode=plain --size=61          | --size: 61 (expected: 62..1048576)
            --in-flight=4,0                 | --in-flight: 0 (expected: 1..4096)
            --rooms=3 --publishers=2        | --publishers: 2, --rooms: 3 (expected: a publisher for each room with --in-flight)
            --rate=0                        | --rate: 0.0 (expected: > 0 and <= 1000000)
            --seconds=0.5                   | --seconds: 0.5 (expected: >= 1; processor time is counted in steps of 10 ms)
            --warmup=-1                     | --warmup: PT-1S (expected: >= 0)
            --header=nonsense               | --header: expected one line such as 'Name: value'
            --address-spread=10.0.0.0/31    | --address-spread: 10.0.0.0/31 (expected: an IPv4 network of /8 to /30 such as 127.0.0.0/8)
            """)
    void namesTheOptionTheValueAndWhatWasExpected(String options, String message) {
        int status = execute(options.split(" "));

        assertThat(errors.toString().strip()).isEqualTo("bench: " + message);
        assertThat(status).isEqualTo(2);
    }

    @Test
    void takesEitherARateOrANumberInFlight() {
        int status = execute("--rate=5", "--in-flight=2");

        assertThat(errors.toString()).contains("mutually exclusive");
        assertThat(status).isEqualTo(2);
    }

    @Test
    void saysWhenNobodyListens() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }

        int status = execute("--url=ws://127.0.0.1:" + port + "/ws", "--connections=2");

        assertThat(errors.toString()).contains("cannot connect", "is the server running?");
        assertThat(status).isEqualTo(1);
    }

    @Test
    void measuresSeveralLoadsOnOneSetOfConnections(@TempDir Path directory) throws Exception {
        Path json = directory.resolve("result.json");
        try (PlainNettyChat.Running server = PlainNettyChat.start("127.0.0.1", 0, "/ws", 1)) {

            int status = execute(
                    "--url=ws://127.0.0.1:" + server.port() + "/ws",
                    "--mode=plain",
                    "--connections=20",
                    "--publishers=3",
                    "--loops=2",
                    "--in-flight=1,4",
                    "--warmup=0",
                    "--settle=0",
                    "--seconds=1",
                    "--address-spread=127.0.0.0/8",
                    "--pid=" + ProcessHandle.current().pid(),
                    "--json=" + json);

            assertThat(errors.toString()).isEmpty();
            assertThat(status).isZero();
        }
        assertThat(Files.readString(json))
                .contains("\"load\": \"1 in flight\"", "\"load\": \"4 in flight\"", "\"serverCpuMicrosPerMessage\":");
    }

    @Test
    void keepsARate() throws Exception {
        try (PlainNettyChat.Running server = PlainNettyChat.start("127.0.0.1", 0, "/ws", 1)) {

            int status = execute(
                    "--url=ws://127.0.0.1:" + server.port() + "/ws",
                    "--mode=plain",
                    "--connections=3",
                    "--rate=200",
                    "--warmup=0",
                    "--settle=0",
                    "--seconds=1");

            assertThat(errors.toString()).isEmpty();
            assertThat(status).isZero();
        }
    }

    private int execute(String... arguments) {
        return Bench.commandLine(new Bench())
                .setErr(new PrintWriter(errors, true))
                .execute(arguments);
    }
}
