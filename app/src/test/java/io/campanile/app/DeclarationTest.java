package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.app.annotation.OnBinary;
import io.campanile.app.annotation.OnConnect;
import io.campanile.app.annotation.OnDisconnect;
import io.campanile.app.annotation.Subscribe;
import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.gateway.GatewayServer;
import io.campanile.protocol.JsonSlice;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What the annotations of a class come to, and what is refused when a gateway is made of it. */
final class DeclarationTest {

    record Line(String text) {}

    record Sent(int number) {}

    @io.campanile.app.annotation.Gateway("/chat")
    static class Base {
        final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();

        @OnConnect
        void hello(Claims claims, Connection connection, Clients clients) {
            connection.join("lobby");
            seen.add("hello " + claims.subject().orElse("nobody") + " " + clients.count());
        }
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Chat extends Base {

        @Subscribe("message")
        Sent message(Connection connection, Line line) {
            connection.to("lobby").except(connection).send("message", line);
            return new Sent(1);
        }

        @Subscribe("later")
        public CompletionStage<Sent> later() {
            return CompletableFuture.completedFuture(new Sent(2));
        }

        @Subscribe("by-hand")
        protected void byHand(Message message, JsonNode data) {
            message.ack(data.get("n"));
        }

        @Subscribe("list")
        int list(List<Line> lines) {
            return lines.get(1).text().length();
        }

        @Subscribe("slice")
        JsonSlice slice(JsonSlice slice, io.campanile.core.Connection connection) {
            return slice;
        }

        @Subscribe("fail")
        void fail() throws Exception {
            throw new Refusal("checked", "as it was thrown");
        }

        @OnBinary
        void bytes(byte[] bytes, Connection connection) {
            connection.sendBinary(bytes);
        }

        @OnDisconnect
        void bye(CloseReason reason, Connection connection) {
            seen.add("bye " + reason.label());
        }
    }

    @Test
    void aClassDoesWhatTheBuilderDoes() {
        Chat chat = new Chat();
        try (GatewayServer server = GatewayServer.builder()
                .port(0)
                .webSocket(Gateway.of(chat).authenticator(TestClient.trusting()))
                .start()) {
            TestClient ben = TestClient.connectAs("ben", server, "/chat");
            assertThat(TestClient.take(chat.seen)).isEqualTo("hello ben 1");
            TestClient ada = TestClient.connectAs("ada", server, "/chat");
            assertThat(TestClient.take(chat.seen)).isEqualTo("hello ada 2");

            ada.send("{\"event\":\"message\",\"id\":1,\"data\":{\"text\":\"hello\"}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":{\"number\":1}}");
            assertThat(ben.next())
                    .isEqualTo("{\"event\":\"message\",\"room\":\"lobby\",\"data\":{\"text\":\"hello\"}}");
            ada.send("{\"event\":\"later\",\"id\":2}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":2,\"data\":{\"number\":2}}");
            ada.send("{\"event\":\"by-hand\",\"id\":3,\"data\":{\"n\":[]}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":3,\"data\":[]}");
            ada.send("{\"event\":\"list\",\"id\":4,\"data\":[{\"text\":\"\"},{\"text\":\"four\"}]}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":4,\"data\":4}");
            ada.send("{\"event\":\"slice\",\"id\":5,\"data\":1.50}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":5,\"data\":1.50}");
            ada.send("{\"event\":\"fail\",\"id\":6}");
            assertThat(ada.next()).contains("\"code\":\"checked\"");
            ada.send(new byte[] {7});
            assertThat(ada.nextBinary()).containsExactly(7);
            ada.leave();
            assertThat(TestClient.take(chat.seen)).isEqualTo("bye peer_closed");
            ben.close();
        }
    }

    // One test for each mistake.

    private static void assertRefused(Object declared, String rest) {
        assertThatThrownBy(() -> Gateway.of(declared))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(declared.getClass().getName() + rest);
    }

    @Test
    void refusesAClassWithoutTheAnnotation() {
        assertRefused(new Object(), ": has no @Gateway; write @Gateway(\"/path\") on the class");
    }

    @io.campanile.app.annotation.Gateway("chat")
    static final class BadPath {
        @OnConnect
        void hello() {}
    }

    @Test
    void refusesABadPath() {
        assertRefused(
                new BadPath(),
                ": @Gateway: path: \"chat\" (expected: starts with / and has visible ASCII without ? and #);"
                        + " write a path such as \"/chat\"");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Empty {
        void hello() {}
    }

    @Test
    void refusesAClassThatHandlesNothing() {
        assertRefused(
                new Empty(),
                ": handles nothing; mark a method with @Subscribe, @OnConnect, @OnDisconnect or @OnBinary");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Twice {
        @Subscribe("message")
        void one() {}

        @Subscribe("message")
        void two() {}
    }

    @Test
    void refusesTwoHandlersOfOneEvent() {
        assertRefused(
                new Twice(), ".two: is a second handler of @Subscribe(\"message\"); merge it into one, or drop one");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class TwiceConnected {
        @OnConnect
        void one() {}

        @OnConnect
        void two() {}
    }

    @Test
    void refusesTwoHandlersOfConnecting() {
        assertRefused(new TwiceConnected(), ".two: is a second handler of @OnConnect; merge it into one, or drop one");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class TwoMarks {
        @OnConnect
        @Subscribe("message")
        void both() {}
    }

    @Test
    void refusesAMethodWithTwoAnnotations() {
        assertRefused(new TwoMarks(), ".both: is @OnConnect and @Subscribe; leave one of them");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class BadEvent {
        @Subscribe("welcome")
        void welcome() {}
    }

    @Test
    void refusesAnEventThatIsTheServersOwn() {
        assertRefused(
                new BadEvent(),
                ".welcome: @Subscribe: event: \"welcome\" (expected: a name that is not the server's own);"
                        + " choose another name");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class OwnRefresh {
        @Subscribe("auth.refresh")
        void refresh() {}
    }

    @Test
    void refusesTheEventThatGatewaysAnswerThemselves() {
        assertRefused(
                new OwnRefresh(), ".refresh: @Subscribe: gateways answer auth.refresh themselves; choose another name");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class TwoPayloads {
        @Subscribe("message")
        void message(Line one, Connection connection, String two) {}
    }

    @Test
    void refusesTwoPayloads() {
        assertRefused(
                new TwoPayloads(),
                ".message: parameter 3, java.lang.String, is a second payload;"
                        + " a message has one: make a record of the two");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Unfilled {
        @OnConnect
        void hello(Connection connection, Line line) {}
    }

    @Test
    void refusesAParameterThatCannotBeFilled() {
        assertRefused(
                new Unfilled(),
                ".hello: parameter 2, io.campanile.app.DeclarationTest$Line, cannot be filled;"
                        + " @OnConnect has Connection, Clients, Claims");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class ReasonOfAnEvent {
        @Subscribe("message")
        void message(CloseReason reason) {}
    }

    @Test
    void refusesTheReasonOfADisconnectElsewhere() {
        assertRefused(
                new ReasonOfAnEvent(),
                ".message: parameter 1, io.campanile.core.CloseReason, is told of a CloseReason;"
                        + " only @OnDisconnect has one: drop it");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class BytesOfAnEvent {
        @Subscribe("message")
        void message(byte[] bytes) {}
    }

    @Test
    void refusesBytesAsThePayloadOfAnEvent() {
        assertRefused(
                new BytesOfAnEvent(),
                ".message: parameter 1, byte[], is binary; use @OnBinary, or a String, a record or a JsonSlice");
    }

    interface Shape {}

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Unreadable {
        @Subscribe("message")
        void message(Shape shape) {}
    }

    @Test
    void refusesAPayloadThatCannotBeRead() {
        assertRefused(
                new Unreadable(),
                ".message: parameter 1, io.campanile.app.DeclarationTest$Shape, is of no type that can be read from"
                        + " JSON; use a record, a String, a number, a JsonNode or a JsonSlice");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class ReturnsAFuture {
        @Subscribe("message")
        Future<String> message() {
            return CompletableFuture.completedFuture("");
        }
    }

    @Test
    void refusesAFutureThatCannotBeWaitedForWithoutAThread() {
        assertRefused(
                new ReturnsAFuture(),
                ".message: returns Future, of which no ack can be made;"
                        + " return void, a value that can be written as JSON, or a CompletionStage of one");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class ReturnsAStream {
        @Subscribe("message")
        Stream<String> message() {
            return Stream.of();
        }
    }

    @Test
    void refusesAStream() {
        assertRefused(
                new ReturnsAStream(),
                ".message: returns Stream, of which no ack can be made;"
                        + " return void, a value that can be written as JSON, or a CompletionStage of one");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class AnswersAConnect {
        @OnConnect
        String hello() {
            return "hello";
        }
    }

    @Test
    void refusesAnAnswerWhereNobodyIsAnswered() {
        assertRefused(
                new AnswersAConnect(),
                ".hello: returns String where nobody is answered; return void, or a CompletionStage to be waited for");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Private {
        @OnConnect
        private void hello() {}
    }

    @Test
    void refusesAPrivateMethod() {
        assertRefused(new Private(), ".hello: is private; drop private: no access modifier is enough");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Static {
        @OnConnect
        static void hello() {}
    }

    @Test
    void refusesAStaticMethod() {
        assertRefused(new Static(), ".hello: is static; drop static: handlers belong to the object that was given");
    }

    @io.campanile.app.annotation.Gateway("/chat")
    static final class Generic {
        @Subscribe("message")
        <T> void message(T payload) {}
    }

    @Test
    void refusesATypeParameter() {
        assertRefused(new Generic(), ".message: has type parameters; name the types");
    }

    record Missing() {}

    @io.campanile.app.annotation.Gateway("/chat")
    static final class NeedsMissing {
        @Subscribe("message")
        void message(Missing payload) {}
    }

    @Test
    void refusesATypeThatIsNotThere() throws Exception {
        ClassLoader without = new ClassLoader(DeclarationTest.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                if (name.equals(Missing.class.getName())) {
                    throw new ClassNotFoundException(name);
                }
                if (!name.equals(NeedsMissing.class.getName())) {
                    return super.loadClass(name, resolve);
                }
                try (InputStream in = Objects.requireNonNull(getResourceAsStream(name.replace('.', '/') + ".class"))) {
                    byte[] bytes = in.readAllBytes();
                    return defineClass(name, bytes, 0, bytes.length);
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
        };
        Constructor<?> constructor =
                without.loadClass(NeedsMissing.class.getName()).getDeclaredConstructor();
        constructor.setAccessible(true);

        assertRefused(
                constructor.newInstance(),
                ": names a type that is not there, io/campanile/app/DeclarationTest$Missing;"
                        + " put what has it on the class path");
    }
}
