package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Registration;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection that speaks HTTP: one request at a time, until it ends or becomes a WebSocket or a stream.
 *
 * <pre>
 *          ┌───────────── keep-alive ─────────────┐
 *          ▼                                      │
 *  IDLE ──► RECEIVING ──► HANDLING ──► ANSWERING ─┴─► ENDING ──► closed
 *                             └──► UPGRADED: this handler is gone
 * </pre>
 *
 * Every state has a time limit but HANDLING of HTTP, where the application is at work.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter {

    private enum State {
        /** Between requests. */
        IDLE,
        /** Part of a request is here. */
        RECEIVING,
        /** The application has the request. */
        HANDLING,
        /** The answer is being written. */
        ANSWERING,
        /** The last answer is written; what still comes is thrown away, so that the answer is not lost to a reset. */
        ENDING,
        /** The WebSocket or the stream has the channel. */
        UPGRADED
    }

    private static final byte[] NO_BODY = {};
    private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

    private final Gateway gateway;
    private final Channel channel;
    private final Loop loop;
    private final RequestDecoder decoder;

    private State state = State.IDLE;
    private @Nullable HttpRequest request;
    private byte[] body = NO_BODY;
    private int bodyBytes;
    /** The client wants, or gets, no further answer on this connection. */
    private boolean last;

    private java.util.concurrent.@Nullable Future<?> timer;

    private HttpConnection(Gateway gateway, Channel channel) {
        this.gateway = gateway;
        this.channel = channel;
        this.loop = gateway.loopOf(channel);
        this.decoder = new RequestDecoder(gateway.limits, this);
    }

    /** Takes up a TCP connection that was just accepted, on its event loop. */
    static void begin(Gateway gateway, Channel channel) {
        Addresses.Answer answer = gateway.channelOpened(channel);
        if (answer != Addresses.Answer.ENTERED) {
            gateway.counters.httpRefused(answer == Addresses.Answer.FULL ? "address_full" : "address_rate");
            channel.close();
            return;
        }
        HttpConnection connection = new HttpConnection(gateway, channel);
        channel.pipeline().addLast(connection.decoder, connection);
        connection.admit();
    }

    private void admit() {
        loop.add(this);
        if (gateway.counters.httpConnections.incrementAndGet() > gateway.limits.maxHttpConnections()) {
            gateway.counters.httpRefused("http_full");
            channel.close();
            return;
        }
        if (gateway.isEnding()) {
            channel.close();
            return;
        }
        arm(gateway.limits.handshakeTimeout(), this::timedOut);
    }

    /** Ends now when idle, else with the answer to the request at hand. */
    void endSoon() {
        last = true;
        if (state == State.IDLE) {
            close();
        }
    }

    /** The decoder has bytes of a request. */
    void requestBegins() {
        if (state == State.IDLE) {
            state = State.RECEIVING;
            arm(gateway.limits.handshakeTimeout(), this::timedOut);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (state != State.RECEIVING) {
                return;
            }
            if (message instanceof HttpRequest head) {
                receive(head);
            }
            if (state == State.RECEIVING && message instanceof HttpContent content) {
                receive(content);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void receive(HttpRequest head) {
        Throwable failure = head.decoderResult().cause();
        if (failure != null) {
            refuseMalformed();
            return;
        }
        Optional<HttpAnswer> wrong = RequestRules.check(head, gateway.limits);
        if (wrong.isPresent()) {
            refuseAndEnd(wrong.get());
            return;
        }
        request = head;
        last |= head.headers().containsValue(HttpHeaderNames.CONNECTION, "close", true);
        if (RequestRules.hasBody(head.headers()) && isRefusedUnread(head)) {
            return;
        }
        if (head.headers().contains(HttpHeaderNames.EXPECT)) {
            channel.writeAndFlush(channel.alloc().buffer(CONTINUE.length).writeBytes(CONTINUE));
        }
    }

    /** Answers a request whose body nobody would look at; returns whether it did. */
    private boolean isRefusedUnread(HttpRequest head) {
        Target target = Target.of(head.uri());
        HttpHandler handler = gateway.handler(head.method().name(), target.path());
        Optional<HttpAnswer> refusal;
        try {
            refusal = handler == null
                    ? Optional.of(unrouted(target.path()))
                    : handler.refusal(call(head, target, NO_BODY));
        } catch (RuntimeException e) {
            last = true;
            decoder.end();
            failed(target.path(), e);
            return true;
        }
        if (refusal.isEmpty()) {
            return false;
        }
        last = true;
        decoder.end();
        answer(refusal.get());
        return true;
    }

    private HttpCall call(HttpRequest head, Target target, byte[] whole) {
        return new HttpCall(
                head.method().name(), target.path(), target.query(), headers(head.headers()), whole, remote());
    }

    private void receive(HttpContent content) {
        Throwable failure = content.decoderResult().cause();
        if (failure != null) {
            refuseAndEnd(
                    failure instanceof TooLongHttpHeaderException
                            ? longHeaders()
                            : HttpAnswer.problem(400, "the body is not well-formed HTTP/1.1"));
            return;
        }
        if (content instanceof LastHttpContent end
                && end.trailingHeaders().size() > RequestDecoder.MAX_HEADER_LINES - decoder.headerLines()) {
            refuseManyLines();
            return;
        }
        int more = content.content().readableBytes();
        if (more > gateway.limits.maxHttpBodyBytes() - bodyBytes) {
            refuseAndEnd(RequestRules.bodyTooLarge(gateway.limits));
            return;
        }
        if (more > 0) {
            int needed = bodyBytes + more;
            if (needed > body.length) {
                body = Arrays.copyOf(
                        body, Math.max(needed, Math.min(2 * body.length, gateway.limits.maxHttpBodyBytes())));
            }
            content.content().readBytes(body, bodyBytes, more);
            bodyBytes = needed;
        }
        HttpRequest head = request;
        if (content instanceof LastHttpContent && head != null) {
            dispatch(head);
        }
    }

    private void dispatch(HttpRequest head) {
        disarm();
        state = State.HANDLING;
        Target target = Target.of(head.uri());
        String method = head.method().name();
        StreamEndpoint stream = gateway.stream(target.path());
        boolean connects = RequestRules.isUpgrade(head.headers()) || stream != null;
        if (connects ? gateway.isStopping() : gateway.refuses(target.path())) {
            refuseStopping(connects);
        } else if (RequestRules.isUpgrade(head.headers())) {
            handshake(head, target);
        } else if (stream != null && (method.equals("GET") || method.equals("HEAD"))) {
            stream(head, target, stream);
        } else {
            http(head, target);
        }
        if (state == State.HANDLING || state == State.ANSWERING) {
            // The network holds what the client sends ahead.
            channel.config().setAutoRead(false);
        }
    }

    private void refuseStopping(boolean handshake) {
        CloseReason reason = CloseReason.GOING_AWAY;
        if (handshake) {
            refuseHandshake(reason.label(), unavailable(reason.detail()));
        } else {
            answer(unavailable(reason.detail()));
        }
    }

    /** The two parts of a request target. */
    private record Target(String path, String query) {
        static Target of(String uri) {
            int mark = uri.indexOf('?');
            return mark < 0 ? new Target(uri, "") : new Target(uri.substring(0, mark), uri.substring(mark + 1));
        }
    }

    private void http(HttpRequest head, Target target) {
        String method = head.method().name();
        HttpHandler handler = gateway.handler(method, target.path());
        if (handler == null) {
            answer(
                    method.equals("OPTIONS") && gateway.isCrossOrigin(target.path())
                            ? Cors.preflight(head.headers(), gateway.origins, gateway.allowed(target.path()))
                            : unrouted(target.path()));
            return;
        }
        HttpCall call = call(head, target, body.length == bodyBytes ? body : Arrays.copyOf(body, bodyBytes));
        body = NO_BODY;
        ask(() -> handler.handle(call), (answer, failure) -> {
            if (failure != null || answer == null) {
                failed(target.path(), failure);
            } else {
                answer(answer);
            }
        });
    }

    private HttpAnswer unrouted(String path) {
        if (gateway.hasHttp(path)) {
            String allowed = gateway.allowed(path);
            return HttpAnswer.problem(405, "this path answers " + allowed).withHeader("allow", allowed);
        }
        if (gateway.endpoint(path) != null) {
            return HttpAnswer.problem(426, "this path speaks WebSocket only").withHeader("sec-websocket-version", "13");
        }
        return HttpAnswer.problem(404, "there is nothing at this path");
    }

    private void handshake(HttpRequest head, Target target) {
        HandshakeRules.Verdict verdict = HandshakeRules.check(head, target.path(), gateway);
        if (verdict instanceof HandshakeRules.Refused refused) {
            refuseHandshake(refused.label(), refused.answer());
            return;
        }
        HandshakeRules.Valid valid = (HandshakeRules.Valid) verdict;
        admit(
                head,
                valid.route().endpoint()::admit,
                handshakeOf(head, target),
                () -> new WebSocketConnection(gateway, loop, channel, valid));
    }

    private void stream(HttpRequest head, Target target, StreamEndpoint endpoint) {
        Handshake handshake = handshakeOf(head, target);
        Optional<HandshakeRules.Refused> wrong = StreamRules.check(head.headers(), handshake, gateway);
        if (wrong.isPresent()) {
            refuseHandshake(wrong.get().label(), wrong.get().answer());
            return;
        }
        StringBuilder cors = new StringBuilder();
        Cors.headers(head.headers(), gateway.origins)
                .forEach((name, value) ->
                        cors.append(name).append(": ").append(value).append("\r\n"));
        if (head.method().name().equals("HEAD")) {
            last = true;
            answer(channel.alloc()
                    .buffer()
                    .writeBytes(SseConnection.head(cors.toString()).getBytes(StandardCharsets.ISO_8859_1)));
            return;
        }
        boolean envelopes = handshake.parameter(StreamRules.ENVELOPE).orElse("").equals("true");
        SseFormat format = envelopes ? SseFormat.ENVELOPES : SseFormat.EVENTS;
        admit(
                head,
                endpoint::admit,
                handshake,
                () -> new SseConnection(gateway, loop, channel, endpoint, format, handshake, cors.toString()));
    }

    private Handshake handshakeOf(HttpRequest head, Target target) {
        return new Handshake(target.path(), target.query(), headers(head.headers()), remote());
    }

    private void admit(
            HttpRequest head,
            Function<Handshake, CompletionStage<Admission>> endpoint,
            Handshake handshake,
            Supplier<ChannelTransport> transport) {
        arm(gateway.limits.handshakeTimeout(), this::admissionTimedOut);
        request = RequestRules.essence(head);
        ask(() -> endpoint.apply(handshake), (admission, failure) -> {
            if (failure != null || admission == null) {
                gateway.counters.handshakeRefused("admit_failed");
                failed(handshake.path(), failure);
            } else if (admission instanceof Admission.Refused refused) {
                refuseHandshake(refused.status() == 401 ? "unauthenticated" : "endpoint", refused.answer());
            } else {
                Claims claims = ((Admission.Admitted) admission).claims();
                Optional<String> problem = gateway.claims.problem(claims);
                if (problem.isPresent()) {
                    refuseHandshake(
                            "unauthenticated",
                            Admission.tokenRefused(problem.get()).answer());
                } else {
                    register(claims, transport.get());
                }
            }
        });
    }

    private void admissionTimedOut() {
        if (state == State.HANDLING) {
            last = true;
            refuseHandshake("admit_timeout", unavailable("it took too long to decide about the handshake"));
        }
    }

    private void register(Claims claims, ChannelTransport connection) {
        // The registry always answers, and what it has registered must not be refused by then.
        disarm();
        gateway.registry.register(connection, claims).whenComplete((registration, failure) -> {
            if (registration instanceof Registration.Registered) {
                take(connection);
            } else if (registration instanceof Registration.Refused refused) {
                refuse(refused.reason());
            } else {
                failed("registration", failure);
            }
        });
    }

    private void refuse(CloseReason reason) {
        if (state == State.HANDLING) { // it may have taken a while, and the client be gone
            boolean isQuota = reason.equals(CloseReason.QUOTA_FULL) || reason.equals(CloseReason.REPLACED);
            refuseHandshake(reason.label(), HttpAnswer.tryLater(isQuota ? 429 : 503, reason.detail()));
        }
    }

    private void take(ChannelTransport connection) {
        Optional<HttpAnswer> refusal = connection instanceof SseConnection stream ? stream.refusal() : Optional.empty();
        if (refusal.isEmpty()) {
            upgrade(connection);
        } else if (state == State.HANDLING) {
            refuseHandshake("endpoint", refusal.get());
        }
    }

    private static HttpAnswer unavailable(String detail) {
        return HttpAnswer.tryLater(503, detail);
    }

    /** Hands the TCP connection over, and with it whatever the client sent behind the handshake. */
    private void upgrade(ChannelTransport connection) {
        if (state != State.HANDLING || !channel.isActive()) {
            connection.lost();
            return;
        }
        leave();
        state = State.UPGRADED;
        request = null;
        gateway.counters.handshakes.increment();
        channel.pipeline().addLast(connection);
        connection.begin();
        channel.pipeline().remove(this);
        channel.pipeline().remove(decoder);
        channel.config().setAutoRead(true);
    }

    private void refuseHandshake(String label, HttpAnswer answer) {
        gateway.counters.handshakeRefused(label);
        answer(answer);
    }

    private void failed(String where, @Nullable Throwable failure) {
        gateway.handlerFailed(
                () -> "path=" + where + " remote=" + channel.remoteAddress(),
                failure != null ? failure : new NullPointerException("the handler answered null"));
        answer(HttpAnswer.problem(500, "the server failed"));
    }

    /** A question to the application. */
    private interface Question<T> {
        CompletionStage<T> ask() throws Exception;
    }

    /** Calls the application and takes up its answer on this event loop, unless the request has ended by then. */
    private <T> void ask(Question<T> question, BiConsumer<@Nullable T, @Nullable Throwable> then) {
        HttpRequest asked = request;
        CompletionStage<T> stage;
        try {
            stage = question.ask();
        } catch (Exception e) {
            stage = CompletableFuture.failedFuture(e);
        }
        if (stage instanceof CompletableFuture<T> future && future.isDone()) {
            T answer = null;
            Throwable failure = null;
            try {
                answer = future.join();
            } catch (CompletionException | CancellationException e) {
                failure = e;
            }
            then.accept(answer, failure);
            return;
        }
        stage.whenComplete((answer, failure) -> loop.execute(() -> {
            if (state == State.HANDLING && request == asked) {
                then.accept(answer, failure);
            }
        }));
    }

    /** A line of the headers goes on where the next should begin: a proxy may have read that as a header of its own. */
    void refuseFolded() {
        refuseAndEnd(HttpAnswer.problem(400, "a header was folded over two lines"));
    }

    void refuseMalformed() {
        refuseAndEnd(HttpAnswer.problem(400, "the request is not well-formed HTTP/1.1"));
    }

    void refuseLongLine() {
        refuseAndEnd(HttpAnswer.problem(
                414, "the request line is longer than " + gateway.limits.maxHeaderBytes() + " bytes"));
    }

    void refuseLongHeaders() {
        refuseAndEnd(longHeaders());
    }

    void refuseManyLines() {
        refuseAndEnd(HttpAnswer.problem(
                431, "the request has more than " + RequestDecoder.MAX_HEADER_LINES + " header lines"));
    }

    private HttpAnswer longHeaders() {
        return HttpAnswer.problem(431, "the headers are longer than " + gateway.limits.maxHeaderBytes() + " bytes");
    }

    private void refuseAndEnd(HttpAnswer answer) {
        // What the parser says when the client has gone in the middle is nobody's mistake.
        if (channel.isActive()) {
            gateway.counters.httpRefused(
                    switch (answer.status()) {
                        case 413 -> "body_too_large";
                        case 414, 431 -> "header_too_large";
                        default -> "bad_request";
                    });
        }
        last = true;
        decoder.end();
        answer(answer);
    }

    private void answer(HttpAnswer answer) {
        if (!channel.isActive()) {
            return;
        }
        HttpRequest head = request;
        boolean open =
                head != null && gateway.isCrossOrigin(Target.of(head.uri()).path());
        last |= gateway.isStopping();
        answer(encode(
                head != null && open ? Cors.open(answer, head.headers(), gateway.origins) : answer,
                head != null && head.method().name().equals("HEAD")));
    }

    private void answer(ByteBuf bytes) {
        state = State.ANSWERING;
        gateway.counters.httpRequests.increment();
        arm(gateway.limits.keepAliveTimeout(), this::close);
        channel.writeAndFlush(bytes).addListener(written -> {
            if (written.isSuccess()) {
                answered();
            }
        });
    }

    private ByteBuf encode(HttpAnswer answer, boolean withoutBody) {
        boolean bodiless = answer.status() == 204 || answer.status() == 304;
        StringBuilder head = new StringBuilder(160)
                .append("HTTP/1.1 ")
                .append(answer.status())
                .append(' ')
                .append(HttpResponseStatus.valueOf(answer.status()).reasonPhrase())
                .append("\r\n");
        answer.headers()
                .forEach((name, value) ->
                        head.append(name).append(": ").append(value).append("\r\n"));
        if (!bodiless) {
            head.append("content-length: ").append(answer.body().length).append("\r\n");
        }
        head.append("date: ")
                .append(DATE.format(ZonedDateTime.now(ZoneOffset.UTC)))
                .append("\r\n");
        if (answer.status() == 426) {
            head.append("upgrade: websocket\r\nconnection: upgrade")
                    .append(last ? ", close" : "")
                    .append("\r\n");
        } else if (last) {
            head.append("connection: close\r\n");
        }
        head.append("\r\n");
        byte[] content = bodiless || withoutBody ? NO_BODY : answer.body();
        ByteBuf bytes = channel.alloc().buffer(head.length() + content.length);
        bytes.writeCharSequence(head, StandardCharsets.ISO_8859_1);
        return bytes.writeBytes(content);
    }

    private void answered() {
        if (!channel.isActive()) {
            return;
        }
        request = null;
        body = NO_BODY;
        bodyBytes = 0;
        channel.config().setAutoRead(true);
        if (last) {
            state = State.ENDING;
            decoder.end();
            ((DuplexChannel) channel).shutdownOutput();
            arm(gateway.limits.closeTimeout(), this::close);
            return;
        }
        state = State.IDLE;
        arm(gateway.limits.keepAliveTimeout(), this::close);
        try {
            decoder.next(channel.pipeline().context(decoder));
        } catch (Exception e) {
            channel.pipeline().fireExceptionCaught(e);
        }
    }

    private Map<String, List<String>> headers(HttpHeaders headers) {
        Map<String, List<String>> map = new LinkedHashMap<>();
        headers.forEach(header -> map.computeIfAbsent(header.getKey().toLowerCase(Locale.ROOT), n -> new ArrayList<>(1))
                .add(header.getValue()));
        return map;
    }

    private InetSocketAddress remote() {
        return (InetSocketAddress) channel.remoteAddress();
    }

    private void arm(Duration time, Runnable task) {
        disarm();
        timer = loop.eventLoop.schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void disarm() {
        var armed = timer;
        timer = null;
        if (armed != null) {
            armed.cancel(false);
        }
    }

    /** No whole request has come in time. */
    private void timedOut() {
        gateway.counters.httpRefused("handshake_timeout");
        close();
    }

    private void close() {
        channel.close();
    }

    private void leave() {
        loop.remove(this);
        gateway.counters.httpConnections.decrementAndGet();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (state == State.UPGRADED) {
            return;
        }
        disarm();
        leave();
        request = null;
        body = NO_BODY;
        state = State.ENDING;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
        if (!(failure instanceof IOException)) {
            Gateway.LOG.log(Level.WARNING, () -> "HTTP connection failed remote=" + channel.remoteAddress(), failure);
        }
        channel.close();
    }
}
