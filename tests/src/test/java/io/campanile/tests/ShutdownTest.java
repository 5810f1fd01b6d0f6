package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a stop by SIGTERM looks like from outside. */
final class ShutdownTest {

    @Test
    void sigtermTellsEachClientToComeBackAndEndsWithExitCodeZero() {
        try (var server = ServerProcess.start();
                var ada = EnvelopeClient.connect(server.origin());
                var ben = EnvelopeClient.connect(server.origin())) {
            ada.join("lobby");

            server.stop();

            assertThat(ada.awaitClose().code()).isIn(1001, 1012);
            assertThat(ben.awaitClose()).isEqualTo(ada.awaitClose());
        }
    }
}
