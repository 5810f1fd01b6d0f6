package io.campanile.testkit;

import io.campanile.core.SmallRegistries;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Runs schedules for as long as one likes, and tells how a failing one failed. */
final class SimulateMain {

    private static final String USAGE = """
            Runs the registry under random schedules and compares it with a plain model after each step.

            usage: ./campanile simulate [options]
              --minutes N     how long (default 1)
              --schedules N   how many, instead of how long
              --seed S        the first seed (default: the time); seeds are taken one after another
              --threads N     how many schedules at a time (default: one for each processor)

            A failing seed is shrunk to a short trace, and the exit code is 1. To see it again:
              ./campanile simulate --seed S --schedules 1
            """;

    /** Kept here, since loggers are held weakly. */
    private static final Logger LOG = Logger.getLogger("io.campanile.registry");

    private final Simulation simulation = new Simulation(SmallRegistries::create);
    private final AtomicReference<@Nullable Object> failed = new AtomicReference<>();
    private final AtomicLong next;
    private final AtomicLong done = new AtomicLong();
    private final long end;
    private final long deadline;

    private SimulateMain(long first, long schedules, double minutes) {
        this.next = new AtomicLong(first);
        this.end = first + schedules;
        this.deadline = System.nanoTime() + (long) (minutes * 60e9);
    }

    /** Runs as the arguments say. */
    public static void main(String[] args) throws InterruptedException {
        LOG.setLevel(Level.OFF); // failures are what the schedules are made of
        double minutes = 1;
        long schedules = -1;
        long seed = System.currentTimeMillis() * 1_000;
        int threads = Runtime.getRuntime().availableProcessors();
        try {
            for (int i = 0; i < args.length; i += 2) {
                switch (args[i]) {
                    case "--minutes" -> minutes = Double.parseDouble(args[i + 1]);
                    case "--schedules" -> schedules = Long.parseLong(args[i + 1]);
                    case "--seed" -> seed = Long.parseLong(args[i + 1]);
                    case "--threads" -> threads = Integer.parseInt(args[i + 1]);
                    case "--help" -> {
                        System.out.print(USAGE);
                        return;
                    }
                    default -> throw new IllegalArgumentException("unknown option: " + args[i]);
                }
            }
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            System.err.println("simulate: " + e.getMessage() + " (see ./campanile simulate --help)");
            System.exit(2);
        }
        SimulateMain main = schedules < 0
                ? new SimulateMain(seed, Long.MAX_VALUE / 2, minutes)
                : new SimulateMain(seed, schedules, 1e6);
        System.exit(main.run(threads));
    }

    private int run(int count) throws InterruptedException {
        long began = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(this::work, "simulate-" + i);
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                thread.join(10_000);
                progress(began);
            }
        }
        Object failure = failed.get();
        if (failure == null) {
            System.out.println("no guarantee was broken");
            return 0;
        }
        System.out.println(failure);
        if (failure instanceof Simulation.Failure broken) {
            System.out.println("replay with: ./campanile simulate --seed " + broken.seed() + " --schedules 1");
        }
        return 1;
    }

    private void work() {
        long seed;
        while (failed.get() == null && System.nanoTime() < deadline && (seed = next.getAndIncrement()) < end) {
            try {
                simulation.run(seed).ifPresent(failure -> failed.compareAndSet(null, failure));
            } catch (RuntimeException e) {
                failed.compareAndSet(null, "the simulation itself failed at seed " + seed + ": " + e);
            }
            done.incrementAndGet();
        }
    }

    private void progress(long began) {
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                "%,10d schedules  %,7.0f/s  %6.1f min  seed %d%n",
                done.get(), done.get() / seconds, seconds / 60, next.get());
    }
}
