package io.campanile.testkit;

import io.campanile.core.CloseReason;
import io.campanile.core.DrainPlan;
import io.campanile.core.DrainReport;
import io.campanile.testkit.Model.Client;
import io.campanile.testkit.Model.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a drain should do: whom it tells by when, whom it cuts, and what its report says. */
final class DrainModel {

    /** How much of the time without a beat is made up for. */
    private static final long BURST_NANOS = 50_000_000;

    /** When a client was told: some time from the first to the second. */
    private record Told(long from, long to) {}

    private static final class Part {
        boolean begun;
        int connections;
        long costNanos;
        long creditNanos;
        long lastNanos;

        /** Time passed in the middle of a step that moved the drain on, so the moment it was looked at is not known. */
        boolean vague;

        final List<Told> tells = new ArrayList<>();
    }

    private final Part[] parts;

    @Nullable
    DrainPlan plan;

    @Nullable
    DrainReport report;

    boolean hurried;
    private boolean vague;
    private long spanNanos;
    private long deadline;
    private int flushed;
    private int lost;
    private int cut;

    DrainModel(int shards) {
        parts = new Part[shards];
        for (int s = 0; s < shards; s++) {
            parts[s] = new Part();
        }
    }

    boolean isAsked() {
        return plan != null;
    }

    void ask(DrainPlan asked, int connections, long now) {
        plan = asked;
        spanNanos = asked.window().toNanos();
        if (asked.maxPerSecond() > 0) {
            long byRate = (long) (connections * 1e9 / asked.maxPerSecond());
            spanNanos = Math.max(spanNanos, Math.min(byRate, asked.deadline().toNanos() / 4 * 3));
        }
        deadline = now + asked.deadline().toNanos();
    }

    /** The moment at which shards hear of the haste is not known. */
    void hurry(boolean inTheMiddle) {
        hurried = true;
        if (inTheMiddle) {
            becomeVague();
        }
    }

    /** What a shard goes by is not known, so no more than the sums of the report can be checked. */
    void becomeVague() {
        vague = true;
        for (Part part : parts) {
            part.vague = true;
        }
    }

    void begin(int s, int connections, long since, long now) {
        Part part = parts[s];
        part.begun = true;
        part.connections = connections;
        part.costNanos = connections == 0 ? 0 : spanNanos / connections;
        part.lastNanos = now;
        part.vague |= since != now;
    }

    boolean hasBegun(int s) {
        return parts[s].begun;
    }

    /** Returns whether a close reason is one that this drain gives. */
    boolean gives(@Nullable CloseReason reason) {
        DrainPlan asked = plan;
        if (asked == null
                || reason == null
                || !reason.label().equals(asked.reason().label())) {
            return false;
        }
        Duration after = reason.comeBackAfter();
        return reason.equals(asked.reason().withComeBackAfter(after))
                && after.compareTo(asked.comeBackMin()) >= 0
                && after.compareTo(asked.comeBackMax()) <= 0;
    }

    /** Returns how many of those open a shard should tell now, or -1 when that cannot be known. */
    int due(int s, int open, long since, long now) {
        Part part = parts[s];
        boolean all = part.costNanos == 0 || hurried;
        if (since != now) {
            part.vague = true;
            return all && !vague ? open : -1;
        }
        if (all || now >= deadline) {
            return vague ? -1 : open;
        }
        part.creditNanos =
                Math.min(part.creditNanos + now - part.lastNanos, BURST_NANOS + Math.max(0, part.costNanos - 1));
        part.lastNanos = now;
        long due = part.creditNanos / part.costNanos;
        part.creditNanos -= due * part.costNanos;
        return part.vague ? -1 : (int) Math.min(due, open);
    }

    /** Takes note of one that was told; says how that is too fast, or null. */
    @Nullable
    String told(int s, Client c, long since, long now) {
        Part part = parts[s];
        c.drained = true;
        part.tells.add(new Told(since, now));
        if (hurried || part.costNanos == 0 || now >= deadline) {
            return null;
        }
        for (int i = 0; i < part.tells.size(); i++) {
            int count = part.tells.size() - i;
            long most = (now - part.tells.get(i).from() + BURST_NANOS) / part.costNanos + 1;
            if (count > most) {
                return count + " were told within " + (now - part.tells.get(i).from()) + " ns, " + part.costNanos
                        + " ns being due for each";
            }
        }
        return null;
    }

    /** Returns whether the deadline is over, or may be. */
    boolean mayCut(long now) {
        return plan != null && now >= deadline;
    }

    boolean mustCut(long since) {
        return plan != null && since >= deadline;
    }

    void cut(Client c, boolean sure) {
        cut += c.drained ? 1 : 0;
        vague |= !sure;
    }

    void ended(Client c) {
        if (c.drained) {
            if (c.closeTold) {
                flushed++;
            } else {
                lost++;
            }
        }
    }

    /** Returns what is wrong with the report, or with there being none; null when nothing is. */
    @Nullable
    String wrongReport(List<Client> clients) {
        DrainReport said = report;
        if (plan == null) {
            return null;
        }
        boolean done = true;
        int connections = 0;
        int told = 0;
        for (Part part : parts) {
            done &= part.begun;
            connections += part.connections;
            told += part.tells.size();
        }
        for (Client c : clients) {
            done &= c.state != State.OPEN && !(c.leftWhileDraining && c.state == State.CLOSING);
        }
        if (said == null) {
            return done && !vague ? "all have ended and there is no report" : null;
        }
        boolean addsUp = said.connections() == said.left() + said.told()
                && said.told() == said.flushed() + said.lost() + said.cut();
        boolean right = vague
                || (done
                        && said.connections() == connections
                        && said.told() == told
                        && said.flushed() == flushed
                        && said.lost() == lost
                        && said.cut() == cut);
        return addsUp && right
                ? null
                : "the report is " + said + ", but of " + connections + " connections " + told + " were told, "
                        + flushed + " flushed, " + lost + " lost, " + cut + " cut"
                        + (done ? "" : ", and some have not ended");
    }
}
