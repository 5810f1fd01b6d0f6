package io.campanile.tests;

import io.campanile.core.Audience;
import io.campanile.core.ConnectionRegistry;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.GatewayServer;
import io.campanile.gateway.RoomsEndpoint;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.JsonSlice;

/** The program of the README: what stands between the marks stands there too. */
final class Embedded {

    private final GatewayServer gateway;
    private final ConnectionRegistry registry;

    Embedded(int port) {
        // README begins
        GatewayServer gateway = GatewayServer.builder()
                .port(port)
                .webSocket("/ws", new RoomsEndpoint(Authorizer.defaults())) // clients join rooms, and listen
                .start();
        ConnectionRegistry registry = gateway.registry();

        // From any thread: returns at once, in order, encoded once for all members.
        registry.broadcast(
                Audience.room("lobby"), EnvelopeMessage.inRoom("lobby", "chime", JsonSlice.of("{\"hour\":12}")));

        // On request it says what became of the message.
        registry.broadcastWithReceipt(
                        Audience.user("ann"), EnvelopeMessage.event("paid", JsonSlice.of("{\"order\":7}")))
                .thenAccept(receipt -> System.out.println("queued for " + receipt.queued()));
        // README ends
        this.gateway = gateway;
        this.registry = registry;
    }

    GatewayServer gateway() {
        return gateway;
    }

    ConnectionRegistry registry() {
        return registry;
    }
}
