import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** Jetty: each text frame is sent to every session, without waiting for one to be written. */
public final class JettyChat {

    private static final Set<Session> EVERYBODY = ConcurrentHashMap.newKeySet();

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server, 1, 1);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        connector.setAcceptQueueSize(4_096);
        server.addConnector(connector);
        server.setHandler(WebSocketUpgradeHandler.from(server, container -> {
            container.setMaxOutgoingFrames(-1);
            container.addMapping("/ws", (request, response, callback) -> new Chat());
        }));
        server.start();
    }

    /** One client. */
    public static final class Chat extends Session.Listener.AbstractAutoDemanding {

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            EVERYBODY.add(session);
        }

        @Override
        public void onWebSocketText(String text) {
            EVERYBODY.forEach(member -> member.sendText(text, Callback.NOOP));
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            EVERYBODY.remove(getSession());
            callback.succeed();
        }
    }
}
