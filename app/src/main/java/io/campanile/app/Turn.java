package io.campanile.app;

import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.JsonSlice;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One call of a handler, from its place in the lane until the next may begin. */
final class Turn implements Middleware.Call, Timed {

    /*
     *              handler returned a value, or threw
     *   queued ──► running ───────────────────────────────────────────────► ended
     *                │  │ a stage                                             ▲ ▲
     *                │  └──────► pending ──── completed, or deadline ─────────┘ │
     *                └─ deadline: interrupted ── returned, or grace is over ────┘
     *
     * Who sets `ended` from false to true takes the lane on to the next turn; nobody else does. So a handler that returns
     * after its turn was given up changes nothing any more.
     *
     * The interrupt hits the handler or nobody. `runner` goes from RUNNING to either RETURNED or INTERRUPTING; the handler's
     * thread that finds INTERRUPTING waits the few instructions until INTERRUPTED, and then clears its mark. After that no
     * interrupt is under way, so none can reach what the thread does next.
     *
     * The deadline is not lost between the two. `expire` sets `expired` and then looks for a stage; the handler's thread sets
     * the stage and then looks at `expired`. One of them sees the other's, and cancels the stage.
     */

    private static final int RUNNING = 0;
    private static final int RETURNED = 1;
    private static final int INTERRUPTING = 2;
    private static final int INTERRUPTED = 3;

    private static final CloseReason STUCK =
            new CloseReason(1011, "handler_stuck", "a handler did not return", ComeBack.YES);
    private static final CloseReason REFUSED = new CloseReason(1008, "refused", "", ComeBack.NO);

    private final GatewayEndpoint endpoint;
    private final ClientConnection client;
    private final Kind kind;
    private final Step step;
    private final @Nullable Request request;
    private final Object payload;
    private final int weight;

    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicInteger runner = new AtomicInteger(RUNNING);
    private final AtomicBoolean expired = new AtomicBoolean();
    private volatile boolean abandoned;
    private volatile @Nullable Thread thread;
    private volatile @Nullable CompletableFuture<?> stage;
    private volatile long deadline;
    private long began;

    /**
     * Begins a turn.
     *
     * @param payload what the step is given beside the connection
     * @param request the message, for events
     */
    Turn(ClientConnection client, Kind kind, Step step, Object payload, @Nullable Request request, int weight) {
        this.endpoint = client.endpoint();
        this.client = client;
        this.kind = kind;
        this.step = step;
        this.payload = payload;
        this.request = request;
        this.weight = weight;
    }

    int weight() {
        return weight;
    }

    @Override
    public Kind kind() {
        return kind;
    }

    @Override
    public Connection connection() {
        return client;
    }

    @Override
    public Optional<Message> message() {
        return Optional.ofNullable(request);
    }

    /** Calls the handler. Returns whether the lane goes on with the caller; else whoever ends the turn takes it on. */
    boolean perform() {
        if (client.isCutOff() && (kind == Kind.EVENT || kind == Kind.BINARY)) {
            endpoint.counters.discarded.increment();
            return end();
        }
        endpoint.counters.calls.increment();
        began = endpoint.clock.nanos();
        deadline = began + endpoint.limits.deadline().toNanos();
        thread = Thread.currentThread();
        endpoint.watch(this);
        Object result = JsonSlice.NULL;
        Throwable failure = null;
        try {
            result = orNull(proceed(endpoint.middleware, 0));
            if (result instanceof CompletionStage<?> given) {
                stage = given.toCompletableFuture();
            }
        } catch (Throwable e) {
            failure = e;
        }
        returned();
        CompletableFuture<?> pending = stage;
        if (pending != null && !pending.isDone()) {
            return await(pending);
        }
        settle(result, failure);
        return endHere();
    }

    private Object proceed(List<Middleware> around, int at) throws Exception {
        return at < around.size()
                ? around.get(at).around(this, () -> proceed(around, at + 1))
                : step.run(client, payload, request);
    }

    private boolean await(CompletableFuture<?> pending) {
        if (expired.get()) {
            cancel(pending);
            return false;
        }
        // The lane may go on elsewhere at once: nothing may follow but the answer.
        pending.whenComplete((value, failure) -> endpoint.dispatcher.execute(() -> {
            settle(orNull(value), failure);
            if (end()) {
                client.lane().next(this);
            }
        }));
        return false;
    }

    /** The handler is off this thread. */
    private void returned() {
        if (!runner.compareAndSet(RUNNING, RETURNED)) {
            while (runner.get() == INTERRUPTING) {
                Thread.onSpinWait();
            }
        }
        thread = null;
        Thread.interrupted();
    }

    private boolean endHere() {
        if (end()) {
            return true;
        }
        if (abandoned) {
            endpoint.dispatcher.unlend();
        }
        return false;
    }

    private boolean end() {
        if (!ended.compareAndSet(false, true)) {
            return false;
        }
        if (endpoint.unwatch(this)) {
            endpoint.counters.busyNanos.add(endpoint.clock.nanos() - began);
        }
        if (kind == Kind.DISCONNECT) {
            endpoint.finished(client);
        }
        return true;
    }

    // The deadline.

    @Override
    public long deadlineNanos() {
        return deadline;
    }

    /**
     * The first time ends a stage and interrupts a handler; the second gives up a handler that has not returned. Not told by
     * the beat alone, but also by who stops the gateway.
     */
    @Override
    public void expire() {
        if (ended.get()) {
            return;
        }
        // Before anybody can tell that it is late: else the beat might take this for the end of the grace.
        deadline = endpoint.clock.nanos() + endpoint.limits.grace().toNanos();
        if (!expired.compareAndSet(false, true)) {
            if (stage == null) {
                abandon();
            } else if (end()) {
                client.lane().next(this); // what depends on the stage does not return either
            }
            return;
        }
        endpoint.counters.timeouts.increment();
        String reference = endpoint.log("handler passed its deadline", this, null);
        tell(
                ErrorCode.TIMEOUT.wireName(),
                "the handler took longer than " + endpoint.limits.deadline().toMillis() + " ms; its log has it under "
                        + reference);
        if (kind == Kind.CONNECT) {
            client.cutOff();
            client.close(CloseReason.INTERNAL_ERROR);
        }
        CompletableFuture<?> pending = stage;
        if (pending == null) {
            interrupt();
        } else {
            cancel(pending);
        }
    }

    /**
     * Cancels the stage, then lets the next handler run. Elsewhere, for what depends on the stage is the application's. A
     * stage that cannot be cancelled is left to itself.
     */
    private void cancel(CompletableFuture<?> pending) {
        endpoint.answers.execute(() -> {
            pending.cancel(true);
            if (end()) {
                client.lane().next(this);
            }
        });
    }

    private void interrupt() {
        Thread running = thread;
        if (running != null && runner.compareAndSet(RUNNING, INTERRUPTING)) {
            running.interrupt();
            runner.set(INTERRUPTED);
        }
    }

    /** The handler does not return: its connection goes, and its thread stays with it. */
    private void abandon() {
        abandoned = true;
        if (!end()) {
            abandoned = false;
            return;
        }
        endpoint.counters.abandoned.increment();
        endpoint.dispatcher.lend();
        client.cutOff();
        client.close(STUCK);
        client.lane().next(this);
    }

    // What came of it.

    private void settle(Object result, @Nullable Throwable thrown) {
        Throwable failure = thrown;
        if (failure == null) {
            try {
                Object value = result instanceof CompletionStage<?> done
                        ? done.toCompletableFuture().join()
                        : result;
                if (request != null) {
                    request.ack(orNull(value));
                }
                return;
            } catch (Throwable e) {
                failure = e;
            }
        }
        fail(unwrapped(failure));
    }

    /** Lambdas and methods that are not ours may return null all the same. */
    private static Object orNull(@Nullable Object value) {
        return value == null ? JsonSlice.NULL : value;
    }

    private void fail(Throwable failure) {
        if (failure instanceof Refusal refusal) {
            endpoint.counters.refusals.increment();
            tell(refusal.code(), refusal.sentence());
            if (kind == Kind.CONNECT) {
                client.cutOff();
                client.close(REFUSED);
            }
            return;
        }
        if (!expired.get()) {
            endpoint.counters.failures.increment();
            String reference = endpoint.log("handler failed", this, failure);
            tell(ErrorCode.INTERNAL.wireName(), "the server failed; its log has it under " + reference);
        }
        if (kind == Kind.CONNECT) {
            // What was to be prepared for the connection is not, so nothing it sends could be handled rightly.
            client.cutOff();
            client.close(CloseReason.INTERNAL_ERROR);
        }
    }

    private void tell(String code, String sentence) {
        if (request != null) {
            request.refuse(code, sentence);
        } else if (kind != Kind.DISCONNECT) {
            client.refuse(java.util.OptionalLong.empty(), code, sentence);
        }
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable inner = failure;
        while ((inner instanceof CompletionException || inner instanceof InvocationTargetException)
                && inner.getCause() != null) {
            inner = inner.getCause();
        }
        return inner;
    }

    /** Names the kind and the event: what is handled does not belong in a log. */
    @Override
    public String toString() {
        return request == null ? kind.name().toLowerCase(java.util.Locale.ROOT) : request.event();
    }
}
