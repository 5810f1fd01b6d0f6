package io.campanile.app;

import io.campanile.core.CloseReason;
import io.campanile.core.spi.Clock;
import io.campanile.gateway.Authenticator;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.Endpoint;
import io.campanile.gateway.Mount;
import io.campanile.protocol.EventName;
import io.campanile.protocol.JsonSlice;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What an application does with the clients of one path. Immutable: each method returns a gateway that does one thing more,
 * and what it returns can be put on as many ports as one likes.
 *
 * <pre>{@code
 * record ChatMessage(String text) {}
 *
 * Gateway chat = Gateway.at("/chat")
 *         .onConnect(connection -> connection.join("lobby"))
 *         .on("message", ChatMessage.class, (connection, message) ->
 *                 connection.to("lobby").except(connection).send("message", message))
 *         .onDisconnect((connection, reason) -> connection.to("lobby").send("left"));
 *
 * GatewayServer server = GatewayServer.builder().port(8080).webSocket(chat).start();
 * }</pre>
 *
 * <p>Clients speak the JSON envelope of {@code docs/protocol.md}. A payload is read as a record or another class by Jackson,
 * as a {@code JsonNode}, or, as a {@link JsonSlice}, byte for byte; a {@code String} is a JSON string.
 * Components of records are required unless they are {@link Optional} or marked nullable. What cannot be read is refused with
 * {@code invalid}, the field, and what was expected.
 *
 * <p>Handlers run one at a time for each connection, in the order in which the client sent: on virtual threads where there
 * are any, else on a pool. They may block: their client waits, and nobody else. Each connection has one call of {@link
 * #onConnect}, before all else, and one of {@link #onDisconnect}, after all else, whatever throws in between.
 */
public final class Gateway implements Mount {

    /** The event by which clients show a newer token, which gateways answer themselves. */
    static final String REFRESH = "auth.refresh";

    // Set in the copy that a method makes, before it is returned, and never again.
    private final String path;
    private Map<String, Step> events = Map.of();
    private List<Middleware> middleware = List.of();
    private List<Consumer<? super Clients>> starts = List.of();
    private List<Consumer<? super Clients>> stops = List.of();
    private Optional<Step> connect = Optional.empty();
    private Optional<Step> disconnect = Optional.empty();
    private Optional<Step> binary = Optional.empty();
    private Optional<Validation> validation = Optional.empty();
    private OptionalInt maxMessageBytes = OptionalInt.empty();
    private Authenticator authenticator = Authenticator.anonymous();
    private Optional<Authorizer> authorizer = Optional.empty();
    private HandlerLimits limits = HandlerLimits.defaults();

    private Gateway(String path) {
        this.path = path;
    }

    private Gateway(Gateway from) {
        this(from.path);
        events = from.events;
        middleware = from.middleware;
        starts = from.starts;
        stops = from.stops;
        connect = from.connect;
        disconnect = from.disconnect;
        binary = from.binary;
        validation = from.validation;
        maxMessageBytes = from.maxMessageBytes;
        authenticator = from.authenticator;
        authorizer = from.authorizer;
        limits = from.limits;
    }

    /**
     * Begins a gateway that does nothing yet.
     *
     * @param path the exact path, such as {@code /chat}
     */
    public static Gateway at(String path) {
        Optional<String> problem = pathProblem(path);
        if (problem.isPresent()) {
            throw new IllegalArgumentException(problem.get());
        }
        return new Gateway(path);
    }

    static Optional<String> pathProblem(String path) {
        boolean good = path.startsWith("/") && path.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '?' && c != '#');
        return good
                ? Optional.empty()
                : Optional.of("path: \"" + path + "\" (expected: starts with / and has visible ASCII without ? and #)");
    }

    /**
     * Returns the gateway that an object declares with the annotations of {@code io.campanile.app.annotation}. The object
     * serves all connections, so what belongs to one is kept in its {@link Connection#attributes}.
     *
     * @throws IllegalArgumentException when the class says something that cannot be meant, with the method and the remedy
     */
    public static Gateway of(Object declared) {
        return Declaration.read(declared);
    }

    // Handlers.

    /**
     * Handles a client that has connected, before anything it sends. One that throws ends the connection, since what it was
     * to prepare is not there: with 1008 after a {@link Refusal}, else with 1011.
     */
    public Gateway onConnect(Handlers.OnConnection handler) {
        return connect((connection, payload, message) -> {
            handler.handle(connection);
            return JsonSlice.NULL;
        });
    }

    /** Handles a client that has left, after anything it sent. */
    public Gateway onDisconnect(Handlers.OnDisconnect handler) {
        return disconnect((connection, reason, message) -> {
            handler.handle(connection, (CloseReason) reason);
            return JsonSlice.NULL;
        });
    }

    /** Handles an event of which only the name matters. */
    public Gateway on(String event, Handlers.OnConnection handler) {
        return event(event, (connection, payload, message) -> {
            handler.handle(connection);
            return JsonSlice.NULL;
        });
    }

    /** Handles an event. */
    public <T> Gateway on(String event, Class<T> payload, Handlers.OnPayload<? super T> handler) {
        return event(event, payload, (connection, value, message) -> {
            handler.handle(connection, payload.cast(value));
            return JsonSlice.NULL;
        });
    }

    /** Handles an event, and answers it by hand. */
    public <T> Gateway on(String event, Class<T> payload, Handlers.OnMessage<? super T> handler) {
        return event(event, payload, (connection, value, message) -> {
            handler.handle(connection, payload.cast(value), given(message));
            return JsonSlice.NULL;
        });
    }

    /** Handles an event of which only the name matters, and acknowledges it with what the handler returns. */
    public Gateway answer(String event, Handlers.Answer handler) {
        return event(event, (connection, payload, message) -> handler.answer(connection));
    }

    /** Handles an event, and acknowledges it with what the handler returns, or with what the stage it returns comes to. */
    public <T> Gateway answer(String event, Class<T> payload, Handlers.AnswerPayload<? super T> handler) {
        return event(event, payload, (connection, value, message) -> handler.answer(connection, payload.cast(value)));
    }

    /** Handles binary messages; without it they close their connection with 1003. */
    public Gateway onBinary(Handlers.OnPayload<byte[]> handler) {
        return binary((connection, bytes, message) -> {
            handler.handle(connection, (byte[]) bytes);
            return JsonSlice.NULL;
        });
    }

    // Around them.

    /** Stands around all handlers; the first that is given stands outermost. */
    public Gateway around(Middleware value) {
        Gateway copy = new Gateway(this);
        copy.middleware = with(middleware, value);
        return copy;
    }

    /** Runs before each handler; what it throws keeps the handler from running, and is the outcome in its place. */
    public Gateway before(Check check) {
        return around((call, next) -> {
            check.check(call);
            return next.proceed();
        });
    }

    /**
     * Runs after each handler, when what it returned is complete, with what it threw or empty.
     *
     * @param told called on the handler's thread, or where its stage completes; what it throws is the outcome
     */
    public Gateway after(BiConsumer<? super Middleware.Call, Optional<Throwable>> told) {
        return around((call, next) -> {
            Object result;
            try {
                result = next.proceed();
            } catch (Throwable e) {
                told.accept(call, Optional.of(e));
                throw e;
            }
            if (result instanceof java.util.concurrent.CompletionStage<?> stage) {
                return stage.whenComplete((value, failure) -> told.accept(call, Optional.ofNullable(failure)));
            }
            told.accept(call, Optional.empty());
            return result;
        });
    }

    /** What runs before a handler. */
    @FunctionalInterface
    public interface Check {

        /** Lets the call pass, or throws: a {@link Refusal} to tell the client why. */
        void check(Middleware.Call call) throws Exception;
    }

    /** Sets what payloads are checked by; otherwise {@link Validation#ofClassPath}. */
    public Gateway validation(Validation value) {
        Gateway copy = new Gateway(this);
        copy.validation = Optional.of(value);
        return copy;
    }

    /** Sets what establishes who clients are; otherwise all are admitted anonymously. */
    public Gateway authenticator(Authenticator value) {
        Gateway copy = new Gateway(this);
        copy.authenticator = value;
        return copy;
    }

    /**
     * Sets what judges which rooms clients may be in, by the names they have here: {@link Connection#join} then throws a
     * {@link Refusal} for others, so that handlers need not check. When the claims of a connection change it is asked again
     * about each of its rooms; one that is lost is left, and the client hears {@code room.lost}. Without one, handlers alone
     * decide.
     */
    public Gateway authorizer(Authorizer value) {
        Gateway copy = new Gateway(this);
        copy.authorizer = Optional.of(value);
        return copy;
    }

    /** Sets what handlers may take; otherwise {@link HandlerLimits#defaults}. */
    public Gateway limits(HandlerLimits value) {
        Gateway copy = new Gateway(this);
        copy.limits = value;
        return copy;
    }

    /** Sets the most bytes of one message; otherwise those of the port. */
    public Gateway maxMessageBytes(int value) {
        Gateway copy = new Gateway(this);
        copy.maxMessageBytes = OptionalInt.of(value);
        return copy;
    }

    /** Runs when the gateway starts on a port, before the first client: the place for what sends on its own. */
    public Gateway onStart(Consumer<? super Clients> told) {
        Gateway copy = new Gateway(this);
        copy.starts = with(starts, told);
        return copy;
    }

    /** Runs when the gateway has stopped on a port, after the last handler. */
    public Gateway onStop(Consumer<? super Clients> told) {
        Gateway copy = new Gateway(this);
        copy.stops = with(stops, told);
        return copy;
    }

    // As annotations and lambdas both say it.

    Gateway connect(Step step) {
        refuseSecond(connect, "onConnect");
        Gateway copy = new Gateway(this);
        copy.connect = Optional.of(step);
        return copy;
    }

    Gateway disconnect(Step step) {
        refuseSecond(disconnect, "onDisconnect");
        Gateway copy = new Gateway(this);
        copy.disconnect = Optional.of(step);
        return copy;
    }

    Gateway binary(Step step) {
        refuseSecond(binary, "onBinary");
        Gateway copy = new Gateway(this);
        copy.binary = Optional.of(step);
        return copy;
    }

    Gateway event(String event, Step step) {
        EventName.problem("event", event).ifPresent(problem -> {
            throw new IllegalArgumentException(problem);
        });
        if (event.equals(REFRESH)) {
            throw new IllegalArgumentException(
                    "event: \"" + event + "\" (expected: another name, gateways answer this one themselves)");
        }
        if (events.containsKey(event)) {
            throw new IllegalArgumentException("event: \"" + event + "\" (expected: one handler, it has one already)");
        }
        Gateway copy = new Gateway(this);
        copy.events = new LinkedHashMap<>(events);
        copy.events.put(event, step);
        return copy;
    }

    /** Reads and checks the payload before the step sees it. */
    Gateway event(String event, Type payload, Step step) {
        if (!Json.isReadable(payload)) {
            throw new IllegalArgumentException("payload: " + payload.getTypeName()
                    + " (expected: a type that can be read from JSON, such as a record)");
        }
        return event(event, new ReadingStep(payload, step));
    }

    private static void refuseSecond(Optional<Step> first, String what) {
        if (first.isPresent()) {
            throw new IllegalArgumentException(what + ": two handlers (expected: one)");
        }
    }

    private static <T> List<T> with(List<T> list, T one) {
        List<T> more = new ArrayList<>(list);
        more.add(one);
        return List.copyOf(more);
    }

    private static Message given(@Nullable Message message) {
        if (message == null) {
            throw new IllegalStateException("an event without a message");
        }
        return message;
    }

    // At work.

    @Override
    public String path() {
        return path;
    }

    @Override
    public Endpoint endpoint() {
        return new GatewayEndpoint(this);
    }

    /**
     * Makes the endpoint for a test, under its clock and on its threads.
     *
     * @param clock what deadlines go by; {@link GatewayEndpoint#beat} looks at it
     * @param executor where handlers run; it should not run them within {@code execute}
     */
    public GatewayEndpoint endpoint(Clock clock, Executor executor) {
        return new GatewayEndpoint(this, clock, executor);
    }

    void started(Clients clients) {
        starts.forEach(told -> told.accept(clients));
    }

    void stopped(Clients clients) {
        stops.forEach(told -> told.accept(clients));
    }

    Optional<Step> connect() {
        return connect;
    }

    Optional<Step> disconnect() {
        return disconnect;
    }

    Optional<Step> binary() {
        return binary;
    }

    @Nullable
    Step event(String name) {
        return events.get(name);
    }

    List<Middleware> middleware() {
        return middleware;
    }

    Validation validation() {
        return validation.orElseGet(Validation::ofClassPath);
    }

    OptionalInt maxMessageBytes() {
        return maxMessageBytes;
    }

    Authenticator authenticator() {
        return authenticator;
    }

    Optional<Authorizer> authorizer() {
        return authorizer;
    }

    HandlerLimits limits() {
        return limits;
    }
}
