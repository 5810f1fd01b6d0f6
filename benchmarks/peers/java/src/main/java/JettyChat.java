import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** Jetty: each text frame is sent to every session of the room, which is the whole query, without waiting for a write. */
public final class JettyChat {

    private static final Map<String, Set<Session>> ROOMS = new ConcurrentHashMap<>();

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server, 1, 1);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        connector.setAcceptQueueSize(4_096);
        server.addConnector(connector);
        server.setHandler(WebSocketUpgradeHandler.from(server, container -> {
            container.setMaxOutgoingFrames(-1);
            container.addMapping("/ws", (request, response, callback) -> new Chat(
                    Objects.requireNonNullElse(request.getHttpURI().getQuery(), "")));
        }));
        server.start();
    }

    /** One client. */
    public static final class Chat extends Session.Listener.AbstractAutoDemanding {
        private final Set<Session> members;

        Chat(String room) {
            members = ROOMS.computeIfAbsent(room, name -> ConcurrentHashMap.newKeySet());
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            members.add(session);
        }

        @Override
        public void onWebSocketText(String text) {
            members.forEach(member -> member.sendText(text, Callback.NOOP));
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            members.remove(getSession());
            callback.succeed();
        }
    }
}
