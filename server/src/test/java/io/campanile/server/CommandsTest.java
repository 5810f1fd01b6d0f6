package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command line says and with which exit code it ends. */
final class CommandsTest {

    @TempDir
    Path directory;

    private final Map<String, String> env = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void explainsEveryFlagWithItsDefaultAndVariable() {
        assertThat(run("serve", "--help")).isZero();

        String help = out().replaceAll("\\s+", " ");
        for (Option<?> option : Options.all()) {
            option.flag()
                    .ifPresent(flag -> assertThat(help)
                            .contains(flag + "=")
                            .contains(option.meaning())
                            .contains("Default: "
                                    + option.defaultText(Mode.CONFIGURED).orElse("none") + ". Environment: "
                                    + option.env()));
        }
        assertThat(help).contains("--config=FILE", "Environment: CAMPANILE_CONFIG", "development mode", "Exit codes:");
        assertThat(err()).isEmpty();
    }

    @Test
    void explainsTheOtherCommands() {
        assertThat(run("--help")).isZero();
        assertThat(out()).contains("serve", "config", "version", "Starts the server");
        assertThat(run("config", "--help")).isZero();
        assertThat(out()).contains("--defaults", "Secrets are not shown");
        assertThat(run("version", "--help")).isZero();
        assertThat(err()).isEmpty();
    }

    @Test
    void trainsWithAServerAndClientsOfItsOwn() {
        assertThat(run("train", "--seconds", "0")).isEqualTo(2);
        assertThat(run("train", "--seconds", "1")).isZero();

        assertThat(err()).matches("""
                campanile: --seconds: expected 1 to 600, got "0"
                campanile: try: campanile train --help
                campanile: trained for 1 s; the server sent [1-9]\\d* MB
                """);
        assertThat(out()).isEmpty();
    }

    @Test
    void namesTheNearestCommandAndFlag() {
        assertThat(run("srve")).isEqualTo(2);
        assertThat(run("serve", "--prot=1")).isEqualTo(2);
        assertThat(run("serve", "now")).isEqualTo(2);
        assertThat(run("serve", "--port")).isEqualTo(2);
        assertThat(run("serve", "--port", "1", "--port", "2")).isEqualTo(2);

        assertThat(err()).isEqualTo("""
                campanile: srve: unknown command; did you mean serve?
                campanile: try: campanile --help
                campanile: --prot: unknown option; did you mean --port?
                campanile: try: campanile serve --help
                campanile: now: unexpected argument
                campanile: try: campanile serve --help
                campanile: --port: needs a value
                campanile: try: campanile serve --help
                campanile: --port: given twice
                campanile: try: campanile serve --help
                """);
        assertThat(out()).isEmpty();
    }

    @Test
    void withoutACommandSaysWhatThereIs() {
        assertThat(run()).isEqualTo(2);

        assertThat(err()).contains("Usage: campanile", "serve");
    }

    @Test
    void reportsEveryMistakeInTheConfiguration() throws IOException {
        Path file = Files.writeString(directory.resolve("c.yml"), "server:\n  prot: 1\n  port: 80x\n");
        env.put("CAMPANILE_CONFIG", file.toString());

        assertThat(run("serve", "--loops", "x")).isEqualTo(2);

        assertThat(err())
                .isEqualTo("campanile: " + file + ":2:3: server.prot: unknown option; did you mean server.port?\n"
                        + "campanile: " + file + ":3:9: server.port: expected 0 to 65535, got \"80x\"\n"
                        + "campanile: --loops: expected 0 to 256, got \"x\"\n");
    }

    @Test
    void refusesToOpenDevelopmentModeToOtherMachines() {
        assertThat(run("serve", "--host", "0.0.0.0")).isEqualTo(2);

        assertThat(err())
                .isEqualTo("campanile: --host: 0.0.0.0 can be reached from other machines, and without a configuration"
                        + " file everything is open (expected: a loopback address such as 127.0.0.1); to listen there,"
                        + " write a configuration file and start with --config FILE\n");
    }

    @Test
    void saysThatThePortIsTaken() throws IOException {
        try (var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = String.valueOf(other.getLocalPort());

            assertThat(run("serve", "--port", port, "--log-level", "error")).isEqualTo(1);

            assertThat(err())
                    .isEqualTo("campanile: cannot listen on 127.0.0.1:" + port + ": another program does; stop it, or"
                            + " choose another port with --port\n");
            assertThat(out()).isEmpty();
        }
    }

    @Test
    void saysThatTheHostIsUnknownOrNotOfThisMachine() throws IOException {
        assertThat(run("serve", "--host", "no-such-host.invalid")).isEqualTo(1);
        assertThat(err())
                .isEqualTo("campanile: --host: no address found for no-such-host.invalid (expected: an address of this"
                        + " machine, such as 127.0.0.1 or 0.0.0.0)\n");

        Path file = Files.writeString(directory.resolve("c.yml"), "log.level: error\n");
        // An address for documentation (RFC 5737), which no machine has.
        assertThat(run("serve", "--config", file.toString(), "--host", "192.0.2.1", "--port", "0"))
                .isEqualTo(1);
        assertThat(err())
                .endsWith("campanile: cannot listen on 192.0.2.1:0: not an address of this machine; choose another with"
                        + " --host\n");
    }

    @Test
    void printsWhatIsInForce() {
        env.put("CAMPANILE_API_KEY", "0123456789abcdef");

        assertThat(run("config", "--port=81")).isZero();

        assertThat(out().replaceAll(" +", " "))
                .contains("server.port: 81 # --port\n", "api.key: ******** # CAMPANILE_API_KEY\n")
                .doesNotContain("0123456789abcdef");
    }

    @Test
    void printsAFileWithAllDefaults() {
        assertThat(run("config", "--defaults")).isZero();

        assertThat(out()).isEqualTo(ConfigText.defaults());
    }

    @Test
    void printsTheVersion() {
        assertThat(run("version")).isZero();

        assertThat(out()).isEqualTo("campanile " + Version.text() + "\njava " + Runtime.version() + "\n");
    }

    private int run(String... args) {
        return new Commands(new Console(
                        InputStream.nullInputStream(),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        env))
                .run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
