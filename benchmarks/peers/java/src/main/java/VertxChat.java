import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Vert.x: each text frame is written to every WebSocket of the room, which is the whole query. */
public final class VertxChat {

    public static void main(String[] args) {
        Map<String, Set<ServerWebSocket>> rooms = new ConcurrentHashMap<>();
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        var options = new HttpServerOptions().setTcpNoDelay(true).setAcceptBacklog(4_096);
        vertx.createHttpServer(options)
                .webSocketHandler(socket -> {
                    Set<ServerWebSocket> members = rooms.computeIfAbsent(
                            Objects.requireNonNullElse(socket.query(), ""), name -> ConcurrentHashMap.newKeySet());
                    members.add(socket);
                    socket.closeHandler(closed -> members.remove(socket));
                    socket.exceptionHandler(failure -> members.remove(socket));
                    socket.textMessageHandler(text -> members.forEach(member -> member.writeTextMessage(text)));
                    socket.binaryMessageHandler(bytes -> members.forEach(member -> member.writeBinaryMessage(bytes)));
                })
                .listen(Integer.parseInt(args[0]), "127.0.0.1");
    }
}
