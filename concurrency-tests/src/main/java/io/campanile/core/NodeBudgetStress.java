package io.campanile.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/** {@link NodeBudget}: the sum of all leases never passes the limit. */
public final class NodeBudgetStress {

    private NodeBudgetStress() {}

    /** Two shards ask for what only one can have. */
    @JCStressTest
    @Outcome(
            id = {"true, false, 6", "false, true, 6"},
            expect = ACCEPTABLE,
            desc = "One has it.")
    @Outcome(id = "true, true, .*", expect = FORBIDDEN, desc = "More is leased than there is.")
    @Outcome(expect = FORBIDDEN, desc = "Nobody has it, or what was refused is counted.")
    @State
    public static class LeasesToOneWhatTwoAskFor {
        private final NodeBudget budget = new NodeBudget(10);

        @Actor
        public void one(ZZL_Result result) {
            result.r1 = budget.tryLease(6);
        }

        @Actor
        public void other(ZZL_Result result) {
            result.r2 = budget.tryLease(6);
        }

        @Arbiter
        public void look(ZZL_Result result) {
            result.r3 = budget.leased();
        }
    }

    /** One gives back while another leases and looks. */
    @JCStressTest
    @Outcome(
            id = "within",
            expect = ACCEPTABLE,
            desc = "What is leased is what was given, at every instant in the limit.")
    @Outcome(id = "over", expect = FORBIDDEN, desc = "More was leased than there is.")
    @Outcome(expect = FORBIDDEN, desc = "The count does not say what is leased.")
    @State
    public static class StaysWithinTheLimitWhileLeasesAreGivenBack {
        private final NodeBudget budget = new NodeBudget(10);
        private boolean leased;
        private boolean over;

        public StaysWithinTheLimitWhileLeasesAreGivenBack() {
            budget.tryLease(6);
        }

        @Actor
        public void givesBack() {
            budget.giveBack(6);
        }

        @Actor
        public void leases() {
            leased = budget.tryLease(6);
            over = budget.leased() > 10;
        }

        @Arbiter
        public void look(L_Result result) {
            long expected = leased ? 6 : 0;
            result.r1 = over ? "over" : budget.leased() == expected ? "within" : "leased " + budget.leased();
        }
    }
}
