package io.campanile.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** {@link Directory}: there is one live group of a name, and a reference never leads to a dead one. */
public final class DirectoryStress {

    private static final String ROOM = "lobby";

    private DirectoryStress() {}

    /** The last reference is given back while another is taken. */
    @JCStressTest
    @Outcome(id = "live", expect = ACCEPTABLE, desc = "The group that was referenced is found and has one reference.")
    @Outcome(id = "unreachable", expect = FORBIDDEN, desc = "A group is referenced that its name does not lead to.")
    @Outcome(id = "dead", expect = FORBIDDEN, desc = "The name leads to a group that has died.")
    @Outcome(expect = FORBIDDEN, desc = "The counts do not say that there is one reference to one group.")
    @State
    public static class KeepsAGroupReferencedWhileTheLastReferenceIsGivenBack {
        private final Directory directory = new Directory(1, 0);
        private final Group before = directory.reference(ROOM, 0);
        private Group after = before;

        @Actor
        public void givesBack() {
            directory.dereference(before, 0);
        }

        @Actor
        public void references() {
            after = directory.reference(ROOM, 0);
        }

        @Arbiter
        public void look(L_Result result) {
            if (directory.find(ROOM) != after) {
                result.r1 = "unreachable";
            } else if (!after.tryReference()) {
                result.r1 = "dead";
            } else {
                after.dereference();
                result.r1 = after.size() == 1 && after.interests(0) && directory.size() == 1
                        ? "live"
                        : "size " + after.size() + " of " + directory.size();
            }
        }
    }

    /** Two threads make the group of a name that there is none of. */
    @JCStressTest
    @Outcome(id = "one", expect = ACCEPTABLE, desc = "Both have the same group.")
    @Outcome(id = "two", expect = FORBIDDEN, desc = "There are two live groups of one name.")
    @Outcome(expect = FORBIDDEN, desc = "The group does not count both references.")
    @State
    public static class MakesOneGroupForTwoWhoAskAtOnce {
        private final Directory directory = new Directory(2, 0);
        private Group first = new Group("none", 2);
        private Group second = first;

        @Actor
        public void one() {
            first = directory.reference(ROOM, 0);
        }

        @Actor
        public void other() {
            second = directory.reference(ROOM, 1);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = first != second ? "two" : first.size() == 2 ? "one" : "size " + first.size();
        }
    }

    /** Two threads take a reference, look the name up, and give the reference back. */
    @JCStressTest
    @Outcome(id = "nothing", expect = ACCEPTABLE, desc = "Each found its group, and no trace is left.")
    @Outcome(id = "unreachable", expect = FORBIDDEN, desc = "A name did not lead to the group that was referenced.")
    @Outcome(expect = FORBIDDEN, desc = "A group without references stays in the directory.")
    @State
    public static class ForgetsAGroupWithItsLastReference {
        private final Directory directory = new Directory(1, 0);
        private boolean oneFound;
        private boolean otherFound;

        @Actor
        public void one() {
            oneFound = referencedAndFound();
        }

        @Actor
        public void other() {
            otherFound = referencedAndFound();
        }

        private boolean referencedAndFound() {
            Group group = directory.reference(ROOM, 0);
            boolean found = directory.find(ROOM) == group;
            directory.dereference(group, 0);
            return found;
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = oneFound && otherFound
                    ? directory.size() == 0 && directory.find(ROOM) == null ? "nothing" : "left over"
                    : "unreachable";
        }
    }
}
