package io.campanile.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.SmallRegistries;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The guarantees of the registry, under schedules that nobody would think of. */
class SimulationTest {

    /** Kept here, since loggers are held weakly. */
    private static final Logger LOG = Logger.getLogger("io.campanile.registry");

    static {
        LOG.setLevel(Level.OFF); // failures are what the schedules are made of
    }

    private static final long SEEDS = Long.getLong("simulation.seeds", 100_000);
    private static final long FIRST = Long.getLong("simulation.first", 1);
    private static final int THREADS =
            Math.min(4, Math.max(2, Runtime.getRuntime().availableProcessors()));

    private final Simulation simulation = new Simulation(SmallRegistries::create);

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void keepsEveryGuaranteeUnderEverySchedule() throws InterruptedException {
        AtomicLong next = new AtomicLong(FIRST);
        AtomicReference<Object> failed = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        long began = System.nanoTime();
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(() -> {
                try {
                    for (long seed; failed.get() == null && (seed = next.getAndIncrement()) < FIRST + SEEDS; ) {
                        simulation.run(seed).ifPresent(failure -> failed.compareAndSet(null, failure));
                    }
                } catch (RuntimeException | Error e) {
                    failed.compareAndSet(null, e);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        double seconds = (System.nanoTime() - began) / 1e9;

        if (failed.get() instanceof Throwable e) {
            throw new AssertionError("the simulation itself failed before seed " + next.get(), e);
        }
        assertThat(failed.get())
                .as("replay with: ./campanile simulate --seed N")
                .isNull();
        System.out.printf("%,d schedules in %.1f s: %,.0f per second%n", SEEDS, seconds, SEEDS / seconds);
    }

    @Test
    void replaysASeedExactly() {
        for (long seed = 1; seed <= 50; seed++) {
            StringBuilder first = new StringBuilder();
            StringBuilder second = new StringBuilder();
            new World(Schedule.of(seed), SmallRegistries::create, first).run();
            new World(Schedule.of(seed), SmallRegistries::create, second).run();

            assertThat(second.toString()).isEqualTo(first.toString());
        }
    }

    @Test
    void runsTheRegistryThatApplicationsGet() {
        Simulation standard = new Simulation();
        for (long seed = 1; seed <= 200; seed++) {
            assertThat(standard.run(seed)).isEqualTo(Optional.empty());
        }
    }
}
