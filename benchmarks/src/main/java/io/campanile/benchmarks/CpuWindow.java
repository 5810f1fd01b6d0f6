package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;

/** A stretch of time that is measured: what processor time the server, this process and all others use in it. */
final class CpuWindow {
    private static final long OWN_PID = ProcessHandle.current().pid();

    private final OptionalLong serverPid;
    private final OptionalLong machineBefore = CpuTimes.machineMicros();
    private final OptionalLong serverBefore;
    private final long jitBefore;
    private final long generatorBefore;
    private final long before;

    /** Opens it now. */
    CpuWindow(OptionalLong serverPid) throws RunFailedException {
        this.serverPid = serverPid;
        serverBefore = serverMicros();
        jitBefore = jitMicros();
        generatorBefore = generatorMicros();
        before = System.nanoTime();
    }

    /** Closes it now, and says what it gave. */
    Measured close(LoadPlan.Stage stage, long delivered, Histogram latency, Histogram lastReceiver)
            throws RunFailedException {
        double seconds = (System.nanoTime() - before) / 1e9;
        long generator = generatorMicros() - generatorBefore;
        OptionalLong server = difference(serverMicros(), serverBefore);
        OptionalLong machine = difference(CpuTimes.machineMicros(), machineBefore);
        return new Measured(
                stage,
                seconds,
                delivered,
                lastReceiver.getTotalCount(),
                server,
                Math.max(0, jitMicros() - jitBefore),
                generator,
                machine,
                Percentiles.ofNanos(latency),
                Percentiles.ofNanos(lastReceiver),
                serverPid.isPresent() ? CpuTimes.residentBytes(serverPid.getAsLong()) : OptionalLong.empty());
    }

    private OptionalLong serverMicros() throws RunFailedException {
        if (serverPid.isEmpty()) {
            return OptionalLong.empty();
        }
        OptionalLong micros = CpuTimes.microsWithTraffic(serverPid.getAsLong(), OWN_PID);
        if (micros.isEmpty()) {
            throw new RunFailedException(
                    "--pid: " + serverPid.getAsLong() + " (expected: the id of a process that runs)");
        }
        return micros;
    }

    private long jitMicros() {
        return serverPid.isPresent() ? CpuTimes.jitMicros(serverPid.getAsLong()) : 0;
    }

    private long generatorMicros() {
        return CpuTimes.microsWithTraffic(OWN_PID, serverPid.orElse(OWN_PID)).orElse(0);
    }

    private static OptionalLong difference(OptionalLong after, OptionalLong before) {
        return after.isPresent() && before.isPresent()
                ? OptionalLong.of(after.getAsLong() - before.getAsLong())
                : OptionalLong.empty();
    }
}
