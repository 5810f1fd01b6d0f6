package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** How Linux's counters are read. */
final class CpuTimesTest {

    @Test
    void addsUserAndSystemTimeOfAProcessWithAnyName() {
        String stat = "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 10 0 0 0 250 50 7 7 20 0 9 0 100 0 0";

        assertThat(CpuTimes.processMicros(stat)).isEqualTo(3_000_000);
    }

    @Test
    void addsWhatKeptProcessorsBusyWithoutIdleAndGuestTime() {
        String stat = "cpu  100 10 20 99999 88888 3 4 5 77 66\ncpu0 1 1 1 1 1 1 1 1 1 1\n";

        assertThat(CpuTimes.machineMicros(stat)).isEqualTo(142 * 10_000);
    }

    @Test
    void addsWhatTheCompilersOfAJvmUsed() {
        String after = " S 1 4711 4711 0 -1 4194560 10 0 0 0 250 50 7 7 20 0 9 0 100 0 0";

        assertThat(CpuTimes.jitMicros(List.of(
                        "1 (java)" + after,
                        "2 (C1 CompilerThre)" + after,
                        "3 (C2 CompilerThre)" + after,
                        "4 (C3)" + after)))
                .isEqualTo(6_000_000);
        assertThat(CpuTimes.jitMicros(ProcessHandle.current().pid()))
                .isLessThanOrEqualTo(
                        CpuTimes.processMicros(ProcessHandle.current().pid()).orElseThrow());
        assertThat(CpuTimes.jitMicros(Long.MAX_VALUE)).isZero();
    }

    @Test
    void knowsThisProcess() {
        assertThat(CpuTimes.processMicros(ProcessHandle.current().pid())).isPresent();
    }

    @Test
    void knowsNothingAboutAProcessThatNeverWas() {
        assertThat(CpuTimes.processMicros(Long.MAX_VALUE)).isEmpty();
        assertThat(CpuTimes.residentBytes(Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void readsAListOfProcessors() {
        assertThat(CpuTimes.processors("0-2,5")).hasToString("{0, 1, 2, 5}");
        assertThat(CpuTimes.processors("7")).hasToString("{7}");
    }

    @Test
    void chargesNoTrafficToWhoSharesEveryProcessor() {
        long pid = ProcessHandle.current().pid();

        OptionalLong before = CpuTimes.processMicros(pid);
        OptionalLong with = CpuTimes.microsWithTraffic(pid, pid);

        assertThat(with.orElseThrow()).isGreaterThanOrEqualTo(before.orElseThrow());
        assertThat(with.orElseThrow())
                .isLessThanOrEqualTo(CpuTimes.processMicros(pid).orElseThrow());
    }
}
