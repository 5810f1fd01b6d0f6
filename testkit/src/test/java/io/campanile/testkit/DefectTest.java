package io.campanile.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The checker checked: each defect is built into a copy of the registry, and must be found within a minute. Those marked as
 * real were in the registry once.
 *
 * <p>A patch that does not fit any more fails with its name: write it anew, for what the code is like now.
 */
class DefectTest {

    /** Kept here, since loggers are held weakly. */
    private static final Logger LOG = Logger.getLogger("io.campanile.registry");

    static {
        LOG.setLevel(Level.OFF);
    }

    private static final long MINUTE = TimeUnit.SECONDS.toNanos(60);
    private static final Path SOURCES = Path.of("../core/src/main/java/io/campanile/core");

    private static final Map<String, String> TABLE = new TreeMap<>();

    @TempDir
    Path directory = Path.of("");

    private record Patch(String file, String from, String to) {}

    private enum Means {
        SIMULATION,
        RACE
    }

    private record Defect(String name, Means means, List<Patch> patches) {
        Defect and(String file, String from, String to) {
            List<Patch> more = new ArrayList<>(patches);
            more.add(new Patch(file, from, to));
            return new Defect(name, means, more);
        }
    }

    private static Defect defect(String name, String file, String from, String to) {
        return new Defect(name, Means.SIMULATION, List.of(new Patch(file, from, to)));
    }

    private static final List<Defect> DEFECTS = List.of(
            // Identity.
            defect(
                            "find does not compare generations",
                            "Slots.java",
                            "connection != null && connection.value == id",
                            "connection != null")
                    .and(
                            "Slots.java",
                            "if (word >>> TICK_BITS != ConnectionId.generationOf(id)) {",
                            "if (word == 0) {"),
            defect(
                    "touch does not compare generations",
                    "Slots.java",
                    "if (before >>> TICK_BITS != generation) {",
                    "if (before == 0) {"),
            defect(
                    "real: touch takes generation 0 for a free slot's",
                    "Slots.java",
                    "if (generation == 0) {",
                    "if (generation < 0) {"),
            defect(
                    "a worn-out slot is given out again",
                    "Slots.java",
                    "if (chunk.generations[slot % CHUNK] < maxGeneration) {",
                    "if (maxGeneration > 0) {"),
            defect(
                    "a slot begins its generation anew",
                    "Slots.java",
                    "return ++chunk(slot).generations[slot % CHUNK];",
                    "return chunk(slot).generations[slot % CHUNK] = 1;"),
            // Admission.
            defect(
                    "the limit is passed by one",
                    "ShardedRegistry.java",
                    "if (now >= config.maxConnections()) {",
                    "if (now > config.maxConnections()) {"),
            defect(
                    "a refused registration keeps its place",
                    "ShardedRegistry.java",
                    "                counters.connections.decrementAndGet();\n                counters.refused",
                    "                counters.refused"),
            // Order.
            defect(
                    "a shard's own thread runs a command past the queue",
                    "Shard.java",
                    "    void submit(Command command) {\n",
                    "    void submit(Command command) {\n"
                            + "        if (!threadless && executor.isOwner() && busy.compareAndSet(false, true)) {\n"
                            + "            command.run(this);\n            owedShown = owed;\n            busy.set(false);\n            return;\n        }\n"),
            new Defect(
                    "no sequencer",
                    Means.RACE,
                    List.of(
                            new Patch("ShardedRegistry.java", "        sequencers.lock(stripes);\n", ""),
                            new Patch("ShardedRegistry.java", "            sequencers.unlock(stripes);\n", ""))),
            defect(
                    "a connection is closed before what waits is written",
                    "Shard.java",
                    "        callTransport(connection, transport -> transport.closing(reason));\n        flush(connection.row, false);\n",
                    "        callTransport(connection, transport -> transport.closing(reason));\n"),
            defect(
                            "a frame goes past the backlog",
                            "Shard.java",
                            "            backlog.add(frame);\n",
                            "            backlog.addFirst(frame);\n")
                    .and(
                            "Backlog.java",
                            "    int bytes() {\n",
                            "    void addFirst(byte[] frame) {\n        Entry entry = new Entry(frame, frame.length, null, null);\n        entry.next = first;\n        if (first == null) {\n            last = entry;\n        } else {\n            first.previous = entry;\n        }\n        first = entry;\n        bytes += frame.length;\n        frames++;\n    }\n\n    int bytes() {\n"),
            defect(
                    "real: a user's interest is raised when the registration runs",
                    "ShardedRegistry.java",
                    "return ask(shard, answered, s -> {\n            Registration answer",
                    "if (user != null) {\n            user.lowerInterest(shard.index);\n        }\n        return ask(shard, answered, s -> {\n            if (user != null) {\n                user.raiseInterest(s.index);\n            }\n            Registration answer"),
            // Membership.
            defect(
                    "real: who is met again in a broadcast is served again",
                    "Shard.java",
                    "                if (!outgoing.stamp(row, served)) {\n",
                    "                if ((broadcast.groups.length > 1 || broadcast.except.size() + broadcast.exceptGroups.length > 0) && !outgoing.stamp(row, served)) {\n"),
            defect(
                    "a member of two rooms gets two copies",
                    "Shard.java",
                    "                matched++;",
                    "                outgoing.stamp(row, 0);\n                matched++;"),
            defect(
                    "exceptions are not excepted",
                    "Shard.java",
                    "        except(broadcast.except, broadcast.exceptGroups, served);\n",
                    ""),
            defect(
                    "a join raises interest when it runs",
                    "ShardedRegistry.java",
                    "        return ask(shard, s -> s.join(id.value(), group));",
                    "        group.lowerInterest(shard.index);\n        return ask(shard, s -> {\n            group.raiseInterest(s.index);\n            return s.join(id.value(), group);\n        });"),
            defect(
                    "a join that finds the connection gone keeps its reference",
                    "Shard.java",
                    "        registry.rooms.dereference(room, index);\n        return outcome;",
                    "        if (outcome != JoinOutcome.GONE) {\n            registry.rooms.dereference(room, index);\n        }\n        return outcome;"),
            defect(
                    "one interest count is skipped when a connection leaves",
                    "Group.java",
                    "        interest.decrementAndGet(shard);",
                    "        if (references.get() != 2) {\n            interest.decrementAndGet(shard);\n        }"),
            defect(
                    "a connection that leaves stays in its rooms",
                    "Shard.java",
                    "            room.group.membersOn(index).remove(room);\n",
                    ""),
            defect(
                    "a connection that leaves keeps its rooms alive",
                    "Shard.java",
                    "            registry.rooms.dereference(room.group, index);\n        }\n        counters",
                    "        }\n        counters"),
            defect(
                    "a connection that leaves stays with its user",
                    "Shard.java",
                    "            user.group.membersOn(index).remove(user);\n",
                    ""),
            // Claims.
            defect(
                    "a connection with other claims stays with its user",
                    "Shard.java",
                    "            leaveUser(connection);\n            if (user != null) {",
                    "            if (user != null) {"),
            defect(
                    "a change of claims raises interest when it runs",
                    "ShardedRegistry.java",
                    "        shard.submit(change);\n",
                    "        if (user != null) {\n            user.lowerInterest(shard.index);\n        }\n        shard.submit(s -> {\n            if (user != null) {\n                user.raiseInterest(s.index);\n            }\n            change.run(s);\n        });\n"),
            defect(
                    "a change of claims that finds the connection gone keeps its user",
                    "Shard.java",
                    "        if (change.user != null) {\n            registry.users.dereference(change.user, index, Group.SILENT);\n        }\n",
                    ""),
            defect(
                            "a change of claims under way counts as a connection",
                            "ShardedRegistry.java",
                            "users.reference(name, shard.index, Group.SILENT)",
                            "users.reference(name, shard.index, Group.COUNTED)")
                    .and("Shard.java", "                user.count();\n", "")
                    .and(
                            "Shard.java",
                            "            registry.users.dereference(user, index, Group.SILENT);",
                            "            registry.users.dereference(user, index);")
                    .and(
                            "Shard.java",
                            "            registry.users.dereference(change.user, index, Group.SILENT);",
                            "            registry.users.dereference(change.user, index);"),
            // Progress.
            defect(
                    "a wake-up is lost: a shard stays marked as scheduled",
                    "Shard.java",
                    "    private void runScheduled() {\n        scheduled.set(false);\n",
                    "    private void runScheduled() {\n"),
            defect(
                    "a wake-up is lost: a broadcast wakes one shard",
                    "ShardedRegistry.java",
                    "            shard.wake();\n",
                    "            shard.wake();\n            break;\n"),
            defect(
                    "a wake-up is lost: who gives the shard up does not look again",
                    "Shard.java",
                    "} while (queue.hasNext());",
                    "} while (false);"),
            defect("the end of the turn is asked for once only", "Shard.java", "        flushScheduled = false;\n", ""),
            // Laps.
            defect(
                    "who was not served at the end of a turn is forgotten",
                    "Shard.java",
                    "            goOn(Shard::endTurn);\n",
                    ""),
            defect(
                    "the log begins anew while somebody waits for what is in it",
                    "Shard.java",
                    "            goOn(Shard::endTurn);\n",
                    "            goOn(Shard::endTurn);\n            log.clear();\n"),
            defect(
                    "who waits in the line loses his place when it is made longer",
                    "Line.java",
                    "        System.arraycopy(from, start, to, 0, count);\n",
                    "        System.arraycopy(from, 0, to, 0, count);\n"),
            // Bounds.
            defect(
                    "bytes are counted twice",
                    "Shard.java",
                    "        owed += bytes - connection.waitingBytes();\n",
                    "        owed += 2 * (bytes - connection.waitingBytes());\n"),
            defect(
                    "frames are not counted",
                    "Outgoing.java",
                    "        words[row * WORDS + STATE] = state + FRAME;\n",
                    ""),
            defect("the node's budget is not kept", "NodeBudget.java", "if (now + bytes > limit) {", "if (now < 0) {"),
            defect(
                    "what was posted is never released",
                    "Shard.java",
                    "    void release(long bytes) {\n        postedBytes.addAndGet(-bytes);\n",
                    "    void release(long bytes) {\n        postedBytes.addAndGet(-bytes / 2);\n"),
            defect(
                    "real: a notice that is shorter than its room was owed for ever",
                    "Shard.java",
                    "        repay(connection, bytesBefore - backlog.bytes() - bytes, 0);",
                    "        letGo(connection, bytesBefore - backlog.bytes() - bytes, 0);"),
            defect(
                    "real: who owes nothing is evicted for the node's limit",
                    "Shard.java",
                    "        if (encoded.epoch == log.epoch() && outgoing.takes(row, encoded.length)) {\n",
                    "        if (!outgoing.isBusy(row) && encoded.frame != null && !lease(outgoing.connection(row), encoded.frame.length)) {\n            return SendOutcome.EVICTED;\n        }\n        if (encoded.epoch == log.epoch() && outgoing.takes(row, encoded.length)) {\n"),
            defect(
                    "real: a lease is given back only when a turn ends",
                    "Shard.java",
                    "                    giveBackLease(); // what waited may have been let go without a turn to end\n",
                    ""),
            // Eviction.
            defect(
                    "a slow client is evicted and not closed",
                    "Shard.java",
                    "        callTransport(connection, transport -> transport.closing(reason));\n        tellClose(connection);\n    }",
                    "        callTransport(connection, transport -> transport.closing(reason));\n    }"),
            defect(
                    "an evicted client gets what waited for it",
                    "Shard.java",
                    "        counters.evicted.increment();\n        discard(connection);\n",
                    "        counters.evicted.increment();\n        flush(connection.row, false);\n"),
            defect(
                    "a client that would read is evicted",
                    "Shard.java",
                    "            flush(row, false); // what the network would take at once does not count\n",
                    "            evict(outgoing.connection(row), outgoing.ceiling(row).bytes() + \" bytes\");\n            return false;\n"),
            // Writes that are put off.
            defect(
                    "what a transport holds of what it had put off counts as written",
                    "Shard.java",
                    "        outgoing.setWaiting(connection.row, bytes, frames);\n        hold(connection, bytes, frames);\n",
                    ""),
            defect(
                    "what was put off is not written at the end of the turn",
                    "Shard.java",
                    "        executor.flush();\n",
                    ""),
            defect(
                    "the farewell goes past what was put off",
                    "Shard.java",
                    "        callTransport(connection, transport -> transport.closing(reason));\n        flush(connection.row, false);\n",
                    "        callTransport(connection, transport -> transport.closing(reason));\n        flush(connection.row, true);\n"),
            // Liveness.
            defect(
                    "the sweep takes those heard just now",
                    "Shard.java",
                    "slots.firstSeenBefore(beforeTick, slot, end)",
                    "slots.firstSeenBefore(beforeTick + 1, slot, end)"),
            defect(
                    "the sweep leaves out every other slot",
                    "Shard.java",
                    "            LiveConnection idle = slots.connection(slot++);\n",
                    "            LiveConnection idle = slots.connection(slot);\n            slot += 2;\n"),
            defect(
                    "a ping is not noted",
                    "Watch.java",
                    "                slots.setPinged(due[i], now.nanos, ping.isAnswered() ? Slots.AWAITS_PONG : 0);\n",
                    ""),
            defect(
                    "a ping waits behind what a transport holds",
                    "Shard.java",
                    "                || !prepare(row, encoded, frame)) {\n            return false;\n        }\n        gather(row, encoded);\n",
                    "                || offer(row, encoded, null) != SendOutcome.QUEUED) {\n            return false;\n        }\n"),
            defect(
                    "nobody is pinged for whom something is gathered",
                    "Shard.java",
                    "                || !leaseMore(frame.length)\n",
                    "                || !outgoing.isIdle(row)\n                || !leaseMore(frame.length)\n"),
            defect(
                            "those heard just now are pinged",
                            "Watch.java",
                            "        return pingedAt <= due && Slots.seenTick(word) < Slots.tick(due);",
                            "        return pingedAt <= due;")
                    .and("Watch.java", "seen < now.pingSoonest && isPingDue(", "isPingDue(")
                    .and("Watch.java", "firstSeenBefore(now.quiet,", "firstSeenBefore(Long.MAX_VALUE,"),
            defect(
                    "the deadline of a pong ignores what was heard",
                    "Watch.java",
                    "                && seen < Slots.tick(pingedAt)) {",
                    "                && true) {"),
            defect(
                    "an answered ping is awaited on",
                    "Watch.java",
                    "        slots.clearMark(slot, Slots.AWAITS_PONG);\n",
                    ""),
            defect(
                    "a first message does not count",
                    "Shard.java",
                    "            slots.clearMark(connection.slot(), Slots.AWAITS_MESSAGE);\n",
                    ""),
            defect(
                    "a ping forgets that a first message is awaited",
                    "Slots.java",
                    "(nanos << MARK_BITS) | (pinged[slot % CHUNK] & AWAITS_MESSAGE) | marks",
                    "(nanos << MARK_BITS) | marks"),
            defect("chance makes a lifetime longer", "Watch.java", "lifeNanos - jitter(", "lifeNanos + jitter("),
            defect(
                    "the time in which the process stood still counts as silence",
                    "Watch.java",
                    "            awakeSince = now;\n",
                    ""),
            defect(
                    "the watch leaves out every other slot",
                    "Watch.java",
                    "            next = past;\n",
                    "            next = slot < end ? past + 1 : past;\n"),
            defect(
                    "a peer that cannot answer is idle while its socket takes keep-alives",
                    "Watch.java",
                    "        if (seen < now.idle && !tookKeepAlive(slot, seen, pinged, now)) {",
                    "        if (seen < now.idle) {"),
            // Drain.
            defect(
                            "a drain takes newcomers in",
                            "Shard.java",
                            "        closed = true;\n        drain = begun",
                            "        drain = begun")
                    .and("ShardedRegistry.java", "if (closed || drain.get() != null) {", "if (closed) {"),
            defect(
                    "a drain makes up for late beats",
                    "Drain.java",
                    "Math.min(creditNanos + (now - lastBeat), BURST_NANOS + costNanos - 1)",
                    "creditNanos + (now - lastBeat)"),
            defect(
                    "a drain spends less than it tells",
                    "Drain.java",
                    "creditNanos -= due * costNanos;",
                    "creditNanos -= due * costNanos / 2;"),
            defect(
                    "a drain cuts nobody at the deadline",
                    "Shard.java",
                    "        if (part.isPastDeadline(now)) {\n",
                    "        if (part.isPastDeadline(now) && connectionCount > 0) {\n"),
            defect(
                    "a drain closes before what waits is written",
                    "Shard.java",
                    "            close(next, part.plan().reasonFor(next.value));\n",
                    "            discard(next);\n            close(next, part.plan().reasonFor(next.value));\n"),
            defect("a drain is not hurried", "Drain.java", "        hurried = true;\n", ""),
            defect(
                    "a drain reports the lost as flushed",
                    "Drain.java",
                    "                if (connection.closeTold && !connection.aborted) {\n",
                    "                if (connection.drained) {\n"),
            defect(
                    "a drain does not wait for the last transport",
                    "Drain.java",
                    "if (stillOpen == 0 && leavingCount == 0 && !reported) {",
                    "if (stillOpen == 0 && !reported) {"),
            defect(
                    "a drain asks to come back later than the plan",
                    "DrainPlan.java",
                    "Duration.ofMillis(least + spread)",
                    "Duration.ofMillis(2 * least + spread)"),
            // Life cycle.
            defect(
                    "closed is told twice",
                    "Shard.java",
                    "        connection.state = State.CLOSED;\n        discard(connection);\n        releaseHeld(connection);\n",
                    "        connection.state = State.CLOSED;\n        listeners.closed(connection, reason);\n        discard(connection);\n        releaseHeld(connection);\n"),
            defect(
                    "a throwing listener is not caught",
                    "Listeners.java",
                    "            } catch (Throwable e) {\n                failed(\"listener",
                    "            } catch (Error e) {\n                failed(\"listener"),
            defect(
                    "real: the link of a transport that threw at attach is believed",
                    "Shard.java",
                    "            connection.state = State.CLOSED; // the transport has the link and may have used it\n",
                    ""),
            defect(
                    "real: a transport that threw is left alone",
                    "Shard.java",
                    "            connection.transport.abort();\n",
                    ""),
            defect("callers do not notice the end", "ShardedRegistry.java", "        closed = true;\n", ""),
            // Receipts.
            defect(
                    "an eviction is reported as queued",
                    "Shard.java",
                    "                    return SendOutcome.EVICTED;\n                }\n                backlog.add(frame);",
                    "                    return SendOutcome.QUEUED;\n                }\n                backlog.add(frame);"),
            defect(
                    "frames held back at the end of a chunk are forgotten",
                    "Backlog.java",
                    "            unlink(entry);\n            if (lane",
                    "            unlink(entry);\n            if (at > 0 && first != null && first.lane == null) {\n                unlink(first);\n            }\n            if (lane"),
            // Overflow.
            defect(
                    "a message that is dropped is not counted",
                    "Backlog.java",
                    "            append(gap);\n        }\n        gap.missed++;",
                    "            append(gap);\n        }\n        gap.missed = 1;"),
            defect(
                    "a message that is displaced is counted twice",
                    "Backlog.java",
                    "            lane.gap.missed++;\n",
                    "            lane.gap.missed += 2;\n"),
            defect(
                    "a gap counts on after it was told",
                    "Backlog.java",
                    "                lane.gap = null;\n                frame",
                    "                frame"),
            defect(
                    "a gap is taken although it does not fit",
                    "Shard.java",
                    "        if (!makeSure(connection, bytes, has ? 0 : 1)) {",
                    "        if (connection.waitingBytes() < 0) {"),
            defect(
                    "the older of two with a key survives",
                    "Shard.java",
                    "                    lose(connection, backlog, older);\n                    counters",
                    "                    if (connection.isBusy()) {\n                        return miss(connection, backlog, room);\n                    }\n                    counters"),
            defect(
                            "the newer of two with a key takes the place of the older",
                            "Shard.java",
                            "                    lose(connection, backlog, older);\n                    counters",
                            "                    if (connection.isBusy()) {\n                        backlog.replace(older, frame);\n                        miss(connection, backlog, room);\n                        commandDisplaced++;\n                        return SendOutcome.QUEUED;\n                    }\n                    counters")
                    .and(
                            "Backlog.java",
                            "    int bytes() {\n",
                            "    void replace(Entry entry, byte[] frame) {\n        bytes += frame.length - entry.bytes;\n        entry.bytes = frame.length;\n        entry.frame = frame;\n    }\n\n    int bytes() {\n"),
            defect(
                            "the oldest of another room is dropped",
                            "Shard.java",
                            "        Backlog.Lane lane = backlog.lane(room);\n        if (lane == null || connection",
                            "        Backlog.Lane lane = backlog.anyLane(room);\n        if (lane == null || connection")
                    .and(
                            "Backlog.java",
                            "    int bytes() {\n",
                            "    @Nullable\n    Lane anyLane(String room) {\n        for (Entry e = first; e != null; e = e.next) {\n            if (e.lane != null && e.lane.oldest == e) {\n                return e.lane;\n            }\n        }\n        return lane(room);\n    }\n\n    int bytes() {\n"),
            defect(
                    "messages that may be dropped fill all that may wait",
                    "Ceiling.java",
                    "new Ceiling(bytes, frames, bytes - (bytes + 3) / 4, frames",
                    "new Ceiling(bytes, frames, bytes, frames"));

    @TestFactory
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    Stream<DynamicTest> findsEachDefectWithinAMinute() {
        String only = System.getProperty("simulation.defect", "");
        return DEFECTS.stream()
                .filter(defect -> defect.name.contains(only))
                .map(defect -> DynamicTest.dynamicTest(defect.name, () -> findsWithinAMinute(defect)));
    }

    private void findsWithinAMinute(Defect defect) throws Exception {
        Path classes = Files.createTempDirectory(directory, "defect");
        compile(defect, classes);
        Class<?> hunt = new DefectiveLoader(classes).loadClass("io.campanile.testkit.Hunt");
        String method = defect.means == Means.RACE ? "race" : "simulate";

        String[] found = (String[]) hunt.getMethod(method, long.class).invoke(null, MINUTE);

        assertThat(found).as("what was found within a minute").isNotNull();
        TABLE.put(defect.name, "| " + defect.name + " | " + found[0] + " | " + found[1] + " |");
        System.out.println(defect.name + "\n" + String.join("\n", found) + "\n");
    }

    /** The race finds nothing in the registry as it is. */
    @Test
    void findsNothingWhenThereIsNothing() throws InterruptedException {
        for (int round = 0; round < 100; round++) {
            assertThat(Race.round()).isEmpty();
        }
    }

    @AfterAll
    static void printTable() throws IOException {
        String table = "| defect | found as | after schedules |\n| --- | --- | --- |\n"
                + String.join("\n", TABLE.values()) + "\n";
        Files.writeString(Path.of("target/defects.md"), table);
    }

    private static void compile(Defect defect, Path classes) throws IOException {
        Path copy = Files.createDirectories(classes.resolveSibling(classes.getFileName() + "-src"));
        List<Path> files = new ArrayList<>();
        try (Stream<Path> sources = Files.walk(SOURCES)) {
            for (Path source :
                    sources.filter(path -> path.toString().endsWith(".java")).toList()) {
                String text = Files.readString(source);
                for (Patch patch : defect.patches) {
                    if (source.getFileName().toString().equals(patch.file)) {
                        assertThat(text.split(java.util.regex.Pattern.quote(patch.from), -1).length - 1)
                                .as("places in %s that read: %s", patch.file, patch.from)
                                .isEqualTo(1);
                        text = text.replace(patch.from, patch.to);
                    }
                }
                Path target = copy.resolve(SOURCES.relativize(source).toString());
                Files.createDirectories(target.getParent());
                files.add(Files.writeString(target, text));
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            StringWriter errors = new StringWriter();
            boolean compiled = compiler.getTask(
                            errors,
                            manager,
                            null,
                            List.of(
                                    "-proc:none",
                                    "-nowarn",
                                    "-d",
                                    classes.toString(),
                                    "-cp",
                                    System.getProperty("java.class.path")),
                            null,
                            manager.getJavaFileObjectsFromPaths(files))
                    .call();
            assertThat(compiled).as(errors.toString()).isTrue();
        }
    }

    /** Loads the defective registry, and a simulation of its own that is bound to it. */
    private static final class DefectiveLoader extends ClassLoader {
        private final Path classes;

        DefectiveLoader(Path classes) {
            super(DefectTest.class.getClassLoader());
            this.classes = classes;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded == null
                        && (name.startsWith("io.campanile.core.") || name.startsWith("io.campanile.testkit."))) {
                    loaded = define(name);
                }
                return loaded != null ? loaded : super.loadClass(name, resolve);
            }
        }

        private @Nullable Class<?> define(String name) throws ClassNotFoundException {
            String file = name.replace('.', '/') + ".class";
            Path mutated = classes.resolve(file);
            try (InputStream in = Files.exists(mutated)
                    ? Files.newInputStream(mutated)
                    : getParent().getResourceAsStream(file)) {
                if (in == null) {
                    return null;
                }
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }
}
