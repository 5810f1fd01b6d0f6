import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Vert.x: each text frame is written to every WebSocket. */
public final class VertxChat {

    public static void main(String[] args) {
        Set<ServerWebSocket> everybody = ConcurrentHashMap.newKeySet();
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        var options = new HttpServerOptions().setTcpNoDelay(true).setAcceptBacklog(4_096);
        vertx.createHttpServer(options)
                .webSocketHandler(socket -> {
                    everybody.add(socket);
                    socket.closeHandler(closed -> everybody.remove(socket));
                    socket.exceptionHandler(failure -> everybody.remove(socket));
                    socket.textMessageHandler(text -> everybody.forEach(member -> member.writeTextMessage(text)));
                    socket.binaryMessageHandler(bytes -> everybody.forEach(member -> member.writeBinaryMessage(bytes)));
                })
                .listen(Integer.parseInt(args[0]), "127.0.0.1");
    }
}
