package io.campanile.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** {@link CommandQueue}: what is offered is taken once, in each producer's order. */
public final class CommandQueueStress {

    private record Numbered(int number) implements Command {
        @Override
        public void run(Shard shard) {}
    }

    private static final Command FIRST = new Numbered(1);
    private static final Command SECOND = new Numbered(2);
    private static final Command OTHER = new Numbered(3);

    private CommandQueueStress() {}

    /** Polls until the queue says that nothing is there. */
    private static void drain(CommandQueue queue, List<Command> taken) {
        Command command;
        while ((command = queue.poll()) != null) {
            taken.add(command);
        }
    }

    private static String verdict(CommandQueue queue, List<Command> taken) {
        if (taken.size() != 3 || !taken.containsAll(List.of(FIRST, SECOND, OTHER))) {
            List<Integer> numbers = new ArrayList<>();
            taken.forEach(command -> numbers.add(((Numbered) command).number()));
            return "lost or doubled: " + numbers;
        }
        if (taken.indexOf(FIRST) > taken.indexOf(SECOND)) {
            return "out of order";
        }
        return queue.hasNext() ? "not empty" : "all";
    }

    /** Two producers race for their places before anyone takes. */
    @JCStressTest
    @Outcome(id = "all", expect = ACCEPTABLE, desc = "Each command once, one producer's in its order.")
    @Outcome(id = "out of order", expect = FORBIDDEN, desc = "A producer's commands changed places.")
    @Outcome(expect = FORBIDDEN, desc = "A command was lost or taken twice.")
    @State
    public static class TakesEachCommandOnceInItsProducersOrder {
        private final CommandQueue queue = new CommandQueue();

        @Actor
        public void offersTwo() {
            queue.offer(FIRST);
            queue.offer(SECOND);
        }

        @Actor
        public void offersAnother() {
            queue.offer(OTHER);
        }

        @Arbiter
        public void look(L_Result result) {
            List<Command> taken = new ArrayList<>();
            drain(queue, taken);
            result.r1 = verdict(queue, taken);
        }
    }

    /** The consumer takes while a producer is between taking its place and linking itself. */
    @JCStressTest
    @Outcome(id = "all", expect = ACCEPTABLE, desc = "Each command once, one producer's in its order.")
    @Outcome(id = "out of order", expect = FORBIDDEN, desc = "A producer's commands changed places.")
    @Outcome(expect = FORBIDDEN, desc = "A command was lost or taken twice.")
    @State
    public static class StopsAtAGapAndGoesOnBehindIt {
        private final CommandQueue queue = new CommandQueue();
        private final List<Command> taken = new ArrayList<>();

        @Actor
        public void offersTwo() {
            queue.offer(FIRST);
            queue.offer(SECOND);
        }

        @Actor
        public void offersAnotherAndTakes() {
            queue.offer(OTHER);
            drain(queue, taken);
            drain(queue, taken);
        }

        @Arbiter
        public void look(L_Result result) {
            drain(queue, taken);
            result.r1 = verdict(queue, taken);
        }
    }
}
