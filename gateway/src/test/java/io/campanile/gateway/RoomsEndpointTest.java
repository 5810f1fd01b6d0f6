package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.Registration;
import io.campanile.core.RegistryConfig;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import io.campanile.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the server's built-in protocol answers, and whom it reaches. */
final class RoomsEndpointTest {

    private final ConnectionRegistry registry = registry(RegistryConfig.defaults());
    private final RoomsEndpoint endpoint = endpoint(Authorizer.anyoneMaySendUnsafe(), registry);
    private final Client ada = new Client(registry, endpoint, "ada");
    private final Client bob = new Client(registry, endpoint, "bob");

    @Test
    void welcomesAConnectionWithItsId() {
        assertThat(ada.heard())
                .containsExactly(
                        "{\"event\":\"welcome\",\"data\":{\"connection\":\"" + ada.id() + "\",\"protocol\":1}}");
    }

    @Test
    void acknowledgesAJoinWithTheNumberOfMembers() {
        ada.says("{'event':'room.join','id':1,'data':{'room':'lobby'}}");
        bob.says("{'event':'room.join','id':'nine','data':{'room':'lobby'}}");
        bob.says("{'event':'room.join','id':2,'data':{'room':'lobby'}}");

        assertThat(ada.answers()).containsExactly("{'event':'ack','id':1,'data':{'room':'lobby','members':1}}");
        assertThat(bob.answers()).last().isEqualTo("{'event':'ack','id':2,'data':{'room':'lobby','members':2}}");
    }

    @Test
    void acknowledgesAJoinOfARoomThatOneIsIn() {
        ada.says("{'event':'room.join','id':1,'data':{'room':'lobby'}}");
        ada.says("{'event':'room.join','id':2,'data':{'room':'lobby'}}");

        assertThat(ada.answers()).last().isEqualTo("{'event':'ack','id':2,'data':{'room':'lobby','members':1}}");
    }

    @Test
    void refusesOneRoomTooMany() {
        ConnectionRegistry small = registry(RegistryConfig.defaults().withMaxRoomsPerConnection(1));
        Client client = new Client(small, endpoint(Authorizer.defaults(), small), "eve");

        client.says("{'event':'room.join','id':1,'data':{'room':'a'}}");
        client.says("{'event':'room.join','id':2,'data':{'room':'b'}}");
        client.says("{'event':'room.join','data':{'room':'c'}}");

        assertThat(client.answers())
                .containsExactly(
                        "{'event':'ack','id':1,'data':{'room':'a','members':1}}",
                        "{'event':'error','id':2,'data':{'code':'limit_exceeded',"
                                + "'message':'room: \\'b\\' is one more than this connection may be in'}}",
                        "{'event':'error','data':{'code':'limit_exceeded',"
                                + "'message':'room: \\'c\\' is one more than this connection may be in'}}");
    }

    @Test
    void acknowledgesALeaveWhetherItWasAMemberOrNot() {
        ada.says("{'event':'room.join','data':{'room':'lobby'}}");
        ada.says("{'event':'room.leave','id':1,'data':{'room':'lobby'}}");
        ada.says("{'event':'room.leave','id':2,'data':{'room':'lobby'}}");

        assertThat(ada.answers())
                .containsExactly(
                        "{'event':'ack','id':1,'data':{'room':'lobby'}}",
                        "{'event':'ack','id':2,'data':{'room':'lobby'}}");
        assertThat(registry.memberCount("lobby")).isZero();
    }

    @Test
    void listsTheMembersOfARoomToWhomMaySeeThem() {
        RoomsEndpoint seeing = endpoint(seesMembers(), registry);
        Client eve = new Client(registry, seeing, "eve");
        ada.says("{'event':'room.join','data':{'room':'lobby'}}");

        eve.says("{'event':'room.members','id':1,'data':{'room':'lobby'}}");
        eve.says("{'event':'room.members','id':2,'data':{'room':'empty'}}");
        eve.says("{'event':'room.members','data':{'room':'lobby'}}");

        assertThat(eve.answers())
                .containsExactly(
                        "{'event':'ack','id':1,'data':{'room':'lobby','members':[{'connection':'" + ada.id()
                                + "','user':'ada'}]}}",
                        "{'event':'ack','id':2,'data':{'room':'empty','members':[]}}");
    }

    @Test
    void listsNobodyToWhomMayNotSeeThem() {
        ada.says("{'event':'room.join','data':{'room':'lobby'}}");

        ada.says("{'event':'room.members','id':1,'data':{'room':'lobby'}}");

        assertThat(ada.answers())
                .containsExactly("{'event':'error','id':1,'data':{'code':'forbidden',"
                        + "'message':'this connection may not see who is in \\'lobby\\''}}");
    }

    @Test
    void listsAsManyMembersAsMayBe() {
        Client eve = membersOf("hall", 1_000);

        eve.says("{'event':'room.members','id':1,'data':{'room':'hall'}}");

        assertThat(eve.answers())
                .singleElement()
                .asString()
                .startsWith("{'event':'ack','id':1,")
                .hasSizeGreaterThan(20_000);
    }

    @Test
    void refusesToListOneMore() {
        Client eve = membersOf("hall", 1_001);

        eve.says("{'event':'room.members','id':1,'data':{'room':'hall'}}");

        assertThat(eve.answers())
                .containsExactly("{'event':'error','id':1,'data':{'code':'limit_exceeded','message':"
                        + "'room: \\'hall\\' has 1001 members (expected: at most 1000, to be listed)'}}");
    }

    private Client membersOf(String room, int count) {
        for (int i = 0; i < count; i++) {
            registry.join(new Client(registry, endpoint, "u" + i).connection.id(), room);
        }
        return new Client(registry, endpoint(seesMembers(), registry), "eve");
    }

    private static Authorizer seesMembers() {
        return new Authorizer() {
            @Override
            public boolean maySeeMembers(Connection connection, String room) {
                return true;
            }
        };
    }

    @Test
    void publishesToTheMembersTheSenderAmongThem() {
        ada.says("{'event':'room.join','data':{'room':'lobby'}}");
        bob.says("{'event':'room.join','data':{'room':'lobby'}}");

        ada.says("{'event':'room.publish','id':3,'data':"
                + "{'room':'lobby','event':'chat','data':{'b' : 1.0, 'a':[ ]}}}");

        assertThat(ada.answers())
                .containsExactlyInAnyOrder(
                        "{'event':'chat','room':'lobby','data':{'b' : 1.0, 'a':[ ]}}",
                        "{'event':'ack','id':3,'data':{'matched':2,'queued':2,'dropped':0,'evicted':0}}");
        assertThat(bob.answers()).containsExactly("{'event':'chat','room':'lobby','data':{'b' : 1.0, 'a':[ ]}}");
    }

    @Test
    void sparesTheSenderItsEcho() {
        ada.says("{'event':'room.join','data':{'room':'lobby'}}");
        bob.says("{'event':'room.join','data':{'room':'lobby'}}");

        ada.says("{'event':'room.publish','id':3,'data':{'room':'lobby','event':'chat','echo':false}}");

        assertThat(ada.answers())
                .containsExactly("{'event':'ack','id':3,'data':{'matched':1,'queued':1,'dropped':0,'evicted':0}}");
        assertThat(bob.answers()).containsExactly("{'event':'chat','room':'lobby','data':null}");
    }

    @Test
    void answersAPublishWithoutIdByNothing() {
        bob.says("{'event':'room.join','data':{'room':'lobby'}}");

        ada.says("{'event':'room.publish','data':{'room':'lobby','event':'chat','data':1}}");

        assertThat(ada.answers()).isEmpty();
        assertThat(bob.answers()).containsExactly("{'event':'chat','room':'lobby','data':1}");
    }

    @Test
    void acknowledgesAPublishThatReachesNobody() {
        ada.says("{'event':'room.publish','id':1,'data':{'room':'empty','event':'chat','data':1}}");

        assertThat(ada.answers())
                .containsExactly("{'event':'ack','id':1,'data':{'matched':0,'queued':0,'dropped':0,'evicted':0}}");
    }

    @Test
    void reachesNobodyWhoHasLeft() {
        bob.says("{'event':'room.join','data':{'room':'lobby'}}");
        bob.says("{'event':'room.leave','data':{'room':'lobby'}}");

        ada.says("{'event':'room.publish','data':{'room':'lobby','event':'chat','data':1}}");

        assertThat(bob.answers()).isEmpty();
    }

    @Test
    void encodesAPublishOnceForAllMembers() {
        ada.says("{'event':'room.join','data':{'room':'lobby'}}");
        bob.says("{'event':'room.join','data':{'room':'lobby'}}");
        List<Message> encoded = new ArrayList<>();
        Client.encoding = encoded::add;

        ada.says("{'event':'room.publish','data':{'room':'lobby','event':'chat','data':1}}");

        Client.encoding = message -> {};
        assertThat(encoded).hasSize(1);
    }

    @Test
    void sendsToAConnection() {
        ada.says("{'event':'direct.send','id':1,'data':{'to':'" + bob.id() + "','event':'hint','data':[1,2]}}");
        ada.says("{'event':'direct.send','data':{'to':'" + bob.id() + "','event':'hint','data':3}}");

        assertThat(ada.answers())
                .containsExactly("{'event':'ack','id':1,'data':{'matched':1,'queued':1,'dropped':0,'evicted':0}}");
        assertThat(bob.answers())
                .containsExactly(
                        "{'event':'hint','from':'" + ada.id() + "','data':[1,2]}",
                        "{'event':'hint','from':'" + ada.id() + "','data':3}");
    }

    @Test
    void sendsToAllConnectionsOfAUser() {
        Client second = new Client(registry, endpoint, "bob");

        ada.says("{'event':'direct.send','id':1,'data':{'user':'bob','event':'hint','data':1}}");
        ada.says("{'event':'direct.send','data':{'user':'bob','event':'hint','data':2}}");

        assertThat(ada.answers())
                .containsExactly("{'event':'ack','id':1,'data':{'matched':2,'queued':2,'dropped':0,'evicted':0}}");
        assertThat(bob.answers())
                .containsExactly(
                        "{'event':'hint','from':'" + ada.id() + "','data':1}",
                        "{'event':'hint','from':'" + ada.id() + "','data':2}");
        assertThat(second.answers()).isEqualTo(bob.answers());
    }

    @ParameterizedTest
    @CsvSource({"to, zzz, to: no such connection", "to, -, to: no such connection", "user, nobody, user: no connection"
    })
    void saysWhenNobodyIsThere(String field, String name, String sentence) {
        ada.says("{'event':'direct.send','id':1,'data':{'" + field + "':'" + name + "','event':'hint'}}");
        ada.says("{'event':'direct.send','data':{'" + field + "':'" + name + "','event':'hint'}}");

        assertThat(ada.answers())
                .containsExactly(
                        "{'event':'error','id':1,'data':{'code':'not_found','message':'" + sentence + "'}}",
                        "{'event':'error','data':{'code':'not_found','message':'" + sentence + "'}}");
    }

    @Test
    void saysWhenTheAddresseeHasLeft() {
        registry.unregister(bob.connection.id());

        ada.says("{'event':'direct.send','id':1,'data':{'to':'" + bob.id() + "','event':'hint'}}");
        ada.says("{'event':'direct.send','data':{'to':'" + bob.id() + "','event':'hint'}}");

        assertThat(ada.answers())
                .containsExactly(
                        "{'event':'error','id':1,'data':{'code':'not_found','message':'to: no such connection'}}",
                        "{'event':'error','data':{'code':'not_found','message':'to: no such connection'}}");
    }

    @Test
    void tellsTheSenderOfAnEviction() {
        ConnectionRegistry small = registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(200, 100)));
        RoomsEndpoint other = endpoint(Authorizer.anyoneMaySendUnsafe(), small);
        Client sender = new Client(small, other, "s");
        Client slow = new Client(small, other, "t");
        slow.stalled = true;
        String message = "{'event':'direct.send','id':1,'data':{'to':'" + slow.id() + "','event':'hint','data':'"
                + "x".repeat(100) + "'}}";

        sender.says(message);
        sender.says(message);
        sender.says(message);

        assertThat(sender.answers())
                .contains("{'event':'ack','id':1,'data':{'matched':1,'queued':0,'dropped':0,'evicted':1}}");
        assertThat(slow.closed).map(CloseReason::label).contains("slow_client");
    }

    @Test
    void answersAPingWithItsData() {
        ada.says("{'event':'ping','id':5,'data':{'sent' : 1.50}}");
        ada.says("{'event':'ping'}");

        assertThat(ada.answers())
                .containsExactly("{'event':'pong','id':5,'data':{'sent' : 1.50}}", "{'event':'pong','data':null}");
    }

    @Test
    void refusesAPingThatIsTooLargeToAnswer() {
        ConnectionRegistry small = registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(200, 100)));
        Client client = new Client(small, endpoint(Authorizer.defaults(), small), "c");

        client.says("{'event':'ping','id':1,'data':'" + "x".repeat(200) + "'}");

        assertThat(client.answers())
                .containsExactly("{'event':'error','id':1,'data':{'code':'limit_exceeded',"
                        + "'message':'the message is larger than what may wait for one client'}}");
    }

    @Test
    void refusesAPublishThatIsTooLargeForAnyone() {
        ConnectionRegistry small = registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(200, 100)));
        Client client = new Client(small, endpoint(Authorizer.anyoneMaySendUnsafe(), small), "c");
        String data = "{'room':'a','event':'chat','data':'" + "x".repeat(200) + "'}";

        client.says("{'event':'room.publish','id':1,'data':" + data + "}");
        client.says("{'event':'room.publish','data':" + data + "}");

        assertThat(client.answers())
                .containsExactly(
                        "{'event':'error','id':1,'data':{'code':'limit_exceeded',"
                                + "'message':'the message is larger than what may wait for one client'}}",
                        "{'event':'error','data':{'code':'limit_exceeded',"
                                + "'message':'the message is larger than what may wait for one client'}}");
    }

    @Test
    void closesAConnectionThatCouldNeverBeAnswered() {
        ConnectionRegistry tiny = registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(10, 100)));

        Client client = new Client(tiny, endpoint(Authorizer.defaults(), tiny), "c");

        assertThat(client.closed).map(CloseReason::code).contains(1013);
    }

    @Test
    void refusesWhatTheNodeCannotHold() {
        Stepped loop = new Stepped();
        ConnectionRegistry busy = ConnectionRegistry.builder()
                .config(RegistryConfig.defaults().withMaxPostedBytes(1_200))
                .shards(List.of(loop))
                .build();
        RoomsEndpoint other = endpoint(Authorizer.anyoneMaySendUnsafe(), busy);
        Client client = new Client(busy, other, "c", loop::runAll);
        String publish =
                "{'event':'room.publish','id':1,'data':{'room':'a','event':'chat','data':'" + "x".repeat(700) + "'}}";
        client.says("{'event':'room.join','data':{'room':'a'}}");
        loop.runAll();

        client.says(publish);
        client.says(publish);
        loop.runAll();

        assertThat(client.answers())
                .anySatisfy(answer -> assertThat(answer)
                        .isEqualTo("{'event':'error','id':1,'data':{'code':'overloaded','message':"
                                + "'the node has more to deliver than it may hold; nothing was sent'}}"))
                .anySatisfy(answer -> assertThat(answer).startsWith("{'event':'ack','id':1"));
    }

    @Test
    void closesAConnectionWhoseAnswerCannotBeQueued() {
        Stepped loop = new Stepped();
        ConnectionRegistry busy = ConnectionRegistry.builder()
                .config(RegistryConfig.defaults().withMaxPostedBytes(1_000))
                .shards(List.of(loop))
                .build();
        Client client = new Client(busy, endpoint(Authorizer.defaults(), busy), "c", loop::runAll);
        busy.broadcast(io.campanile.core.Audience.all(), Message.text("x".repeat(800)));

        client.says("{'event':'room.publish','id':1,'data':{'room':'a','event':'chat'}}");
        loop.runAll();

        assertThat(client.closed).map(CloseReason::label).contains("unanswered");
    }

    @Test
    void letsClientsOnlyListenByDefault() {
        Client client = new Client(registry, endpoint(Authorizer.defaults(), registry), "c");

        client.says("{'event':'room.join','id':1,'data':{'room':'a'}}");
        client.says("{'event':'room.publish','id':2,'data':{'room':'a','event':'chat'}}");
        client.says("{'event':'direct.send','id':3,'data':{'user':'c','event':'hint'}}");

        assertThat(client.answers())
                .containsExactly(
                        "{'event':'ack','id':1,'data':{'room':'a','members':1}}",
                        "{'event':'error','id':2,'data':{'code':'forbidden',"
                                + "'message':'this connection may not publish to \\'a\\''}}",
                        "{'event':'error','id':3,'data':{'code':'forbidden',"
                                + "'message':'this connection may not send to others directly'}}");
    }

    @Test
    void asksThePolicyForEachRoom() {
        Authorizer ownRoom = new Authorizer() {
            @Override
            public boolean mayJoin(Connection connection, String room) {
                return connection.claims().subject().equals(Optional.of(room));
            }
        };
        Client client = new Client(registry, endpoint(ownRoom, registry), "c");

        client.says("{'event':'room.join','id':1,'data':{'room':'c'}}");
        client.says("{'event':'room.join','id':2,'data':{'room':'d'}}");

        assertThat(client.answers())
                .containsExactly(
                        "{'event':'ack','id':1,'data':{'room':'c','members':1}}",
                        "{'event':'error','id':2,'data':{'code':'forbidden',"
                                + "'message':'this connection may not join \\'d\\''}}");
        assertThat(registry.memberCount("d")).isZero();
    }

    @Test
    void answersWhenThePolicyFailsAndLetsTheGatewayCountIt() {
        Authorizer broken = new Authorizer() {
            @Override
            public boolean mayJoin(Connection connection, String room) {
                throw new IllegalStateException("planted");
            }
        };
        Client client = new Client(registry, endpoint(broken, registry), "c");

        assertThatThrownBy(() -> client.says("{'event':'room.join','id':1,'data':{'room':'a'}}"))
                .hasMessage("planted");

        assertThat(client.answers())
                .containsExactly("{'event':'error','id':1,'data':{'code':'internal','message':'the server failed'}}");
    }

    @Test
    void answersAnUnknownEvent() {
        ada.says("{'event':'room.destroy','id':1}");

        assertThat(ada.answers())
                .containsExactly("{'event':'error','id':1,'data':{'code':'unknown_event',"
                        + "'message':'event: \\'room.destroy\\' is not known here'}}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nonsense|malformed",
                "[]|malformed",
                "{'id':1}|invalid",
                "{'event':'room.join','id':1}|invalid",
                "{'event':'room.join','id':1,'data':{'room':''}}|invalid",
                "{'event':'room.join','id':1,'data':{'room':'a','rom':'b'}}|invalid",
                "{'event':'room.publish','id':1,'data':{'room':'a','event':'welcome'}}|invalid",
                "{'event':'direct.send','id':1,'data':{'event':'hint'}}|invalid"
            })
    void answersBadInputWithAnErrorAndStaysOpen(String text, String code) {
        ada.says(text);
        ada.says("{'event':'ping'}");

        assertThat(ada.answers()).hasSize(2);
        assertThat(ada.answers().get(0)).startsWith("{'event':'error'").contains("'code':'" + code + "'");
        assertThat(ada.answers().get(1)).isEqualTo("{'event':'pong','data':null}");
        assertThat(ada.closed).isEmpty();
    }

    @Test
    void countsErrorsByTheirCode() {
        ada.says("nonsense");
        ada.says("{'event':'no'}");
        ada.says("{'event':'nope'}");

        assertThat(endpoint.errors())
                .containsEntry(ErrorCode.MALFORMED, 1L)
                .containsEntry(ErrorCode.UNKNOWN_EVENT, 2L)
                .containsEntry(ErrorCode.FORBIDDEN, 0L);
    }

    @Test
    void saysThatTheNodeIsStopping() {
        Stepped loop = new Stepped();
        ConnectionRegistry stopping =
                ConnectionRegistry.builder().shards(List.of(loop)).build();
        RoomsEndpoint other = endpoint(Authorizer.anyoneMaySendUnsafe(), stopping);
        Client client = new Client(stopping, other, "c", loop::runAll);

        stopping.close();
        client.says("{'event':'room.publish','id':1,'data':{'room':'a','event':'chat'}}");

        assertThat(other.errors()).containsEntry(ErrorCode.UNAVAILABLE, 1L);
    }

    @Test
    void servesOneGateway() {
        endpoint.start(registry);

        assertThatThrownBy(() -> endpoint.start(registry(RegistryConfig.defaults())))
                .hasMessage("the endpoint serves another gateway (expected: an endpoint for each)");
    }

    private static ConnectionRegistry registry(RegistryConfig config) {
        return ConnectionRegistry.builder()
                .config(config)
                .shards(List.of(ShardExecutor.callingThreads(), ShardExecutor.callingThreads()))
                .build();
    }

    private static RoomsEndpoint endpoint(Authorizer policy, ConnectionRegistry registry) {
        RoomsEndpoint endpoint = new RoomsEndpoint(policy);
        endpoint.start(registry);
        return endpoint;
    }

    /** An event loop that the test turns. */
    private static final class Stepped implements ShardExecutor {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private boolean running;

        @Override
        public boolean isOwner() {
            return running;
        }

        @Override
        public void execute(Runnable task) {
            if (tasks.size() > 1_000) {
                throw new RejectedExecutionException();
            }
            tasks.add(task);
        }

        void runAll() {
            running = true;
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
            running = false;
        }
    }

    /** A connection with its peer: single quotes stand for double ones, both ways. */
    private static final class Client implements Transport {
        private static java.util.function.Consumer<Message> encoding = message -> {};

        private static final WireFormat LINES = message -> {
            encoding.accept(message);
            return (new String(message.payload(), StandardCharsets.UTF_8) + "\n").getBytes(StandardCharsets.UTF_8);
        };

        private final StringBuilder received = new StringBuilder();
        private final RoomsEndpoint endpoint;
        private final Connection connection;
        private Optional<CloseReason> closed = Optional.empty();
        private boolean stalled;

        Client(ConnectionRegistry registry, RoomsEndpoint endpoint, String user) {
            this(registry, endpoint, user, () -> {});
        }

        Client(ConnectionRegistry registry, RoomsEndpoint endpoint, String user, Runnable turn) {
            this.endpoint = endpoint;
            var registered = registry.register(this, Claims.of(user)).toCompletableFuture();
            turn.run();
            this.connection = ((Registration.Registered) registered.join()).connection();
            endpoint.opened(connection);
            turn.run();
        }

        String id() {
            return connection.id().toString();
        }

        void says(String text) {
            endpoint.text(connection, text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        }

        List<String> heard() {
            return received.isEmpty() ? List.of() : List.of(received.toString().split("\n"));
        }

        /** Returns what came after the welcome. */
        List<String> answers() {
            return heard().stream().skip(1).map(line -> line.replace('"', '\'')).toList();
        }

        @Override
        public WireFormat format() {
            return LINES;
        }

        @Override
        public void attach(Link link) {}

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            byte[] bytes = new byte[length];
            source.get(offset, bytes);
            received.append(new String(bytes, StandardCharsets.UTF_8));
            return !stalled;
        }

        @Override
        public void closing(CloseReason reason) {
            closed = Optional.of(reason);
        }

        @Override
        public void close(CloseReason reason) {
            closed = Optional.of(reason);
        }

        @Override
        public void abort() {}
    }
}
