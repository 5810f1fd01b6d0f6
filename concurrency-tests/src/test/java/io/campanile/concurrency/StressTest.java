package io.campanile.concurrency;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short run of the jcstress tests: enough to see a defect, and no proof. {@code ./campanile stress} runs longer. */
final class StressTest {

    private static final Path REPORTS = Path.of(System.getProperty("campanile.stress.reports", "target/jcstress"));

    @Test
    @Timeout(900)
    void seesNoForbiddenOutcome() throws Exception {
        JcstressRun run = new JcstressRun(REPORTS, "io.campanile.core", Duration.ofMillis(300));

        assertThat(run.failures(Duration.ofMinutes(14))).isEmpty();
    }
}
