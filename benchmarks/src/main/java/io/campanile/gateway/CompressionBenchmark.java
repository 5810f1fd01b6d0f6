package io.campanile.gateway;

import io.campanile.core.Message;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs an event loop to encode a message, as it is and compressed, and to inflate one. Messages are quotes of
 * random symbols and prices in JSON. Run it with {@code ./campanile bench jmh -- CompressionBenchmark}; it prints how
 * small each message becomes. {@code cpuMicros} is the time on a processor, which tells more on a busy
 * machine: look at the lines of the iterations, JMH adds them up at the end.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
@State(Scope.Thread)
public class CompressionBenchmark {

    private static final int MESSAGES = 64;

    /** The time of the thread on a processor, for each operation. */
    @AuxCounters(AuxCounters.Type.EVENTS)
    @State(Scope.Thread)
    public static class Cpu {
        public double cpuMicros;
        private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        private long began;
        private int operations;

        @Setup(Level.Iteration)
        public void begin() {
            operations = 0;
            began = threads.getCurrentThreadCpuTime();
        }

        @TearDown(Level.Iteration)
        public void end() {
            cpuMicros = (threads.getCurrentThreadCpuTime() - began) / 1e3 / operations;
        }
    }

    @Param({"256", "1024", "4096", "65536"})
    private int bytes;

    @Param({"1", "6"})
    private int level;

    private final Counters counters = new Counters();
    private final Inflation inflation = new Inflation();
    private final byte[][] payloads = new byte[MESSAGES][];
    private final byte[][] deflated = new byte[MESSAGES][];
    private Deflaters deflaters = new Deflaters(1);
    private DeflateFormat wide = DeflateFormat.wide(Compression.defaults(), deflaters, counters);
    private DeflateFormat narrow = wide;
    private int next;

    @Setup
    public void make() {
        Random random = new Random(1);
        Compression compression = new Compression(level, 0);
        deflaters = new Deflaters(level);
        wide = DeflateFormat.wide(compression, deflaters, counters);
        narrow = DeflateFormat.narrow(compression, deflaters, counters);
        long wideBytes = 0;
        long narrowBytes = 0;
        for (int i = 0; i < MESSAGES; i++) {
            payloads[i] = quotes(bytes, random);
            byte[] frame = wide.encode(Message.utf8(payloads[i]));
            deflated[i] = Arrays.copyOfRange(frame, frame[1] < 126 ? 2 : frame[1] == 126 ? 4 : 10, frame.length);
            wideBytes += frame.length;
            narrowBytes += narrow.encode(Message.utf8(payloads[i])).length;
        }
        System.out.printf("frames: %d bytes wide, %d narrow%n", wideBytes / MESSAGES, narrowBytes / MESSAGES);
    }

    @TearDown
    public void release() {
        deflaters.close();
        inflation.release();
    }

    @Benchmark
    public byte[] encodePlain(Cpu cpu) {
        cpu.operations++;
        return WebSocketFormat.INSTANCE.encode(Message.utf8(payload()));
    }

    @Benchmark
    public byte[] encodeWide(Cpu cpu) {
        cpu.operations++;
        return wide.encode(Message.utf8(payload()));
    }

    @Benchmark
    public byte[] encodeNarrow(Cpu cpu) {
        cpu.operations++;
        return narrow.encode(Message.utf8(payload()));
    }

    @Benchmark
    public byte[] inflate(Cpu cpu) {
        cpu.operations++;
        byte[] message = deflated[next++ & (MESSAGES - 1)];
        inflation.inflate(message, message.length, bytes, true);
        return inflation.take();
    }

    private byte[] payload() {
        return payloads[next++ & (MESSAGES - 1)];
    }

    private static byte[] quotes(int length, Random random) {
        StringBuilder text = new StringBuilder("{\"event\":\"quotes\",\"room\":\"prices\",\"data\":[");
        while (text.length() < length) {
            text.append("{\"symbol\":\"")
                    .append((char) ('A' + random.nextInt(26)))
                    .append((char) ('A' + random.nextInt(26)))
                    .append("X\",\"bid\":")
                    .append(random.nextInt(100_000) / 1_000.0)
                    .append(",\"ask\":")
                    .append(random.nextInt(100_000) / 1_000.0)
                    .append("},");
        }
        return Arrays.copyOf(text.toString().getBytes(StandardCharsets.UTF_8), length);
    }
}
