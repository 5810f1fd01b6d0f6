import io.undertow.Undertow;
import io.undertow.websockets.WebSocketConnectionCallback;
import io.undertow.websockets.WebSocketProtocolHandshakeHandler;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedTextMessage;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.xnio.Options;

/** Undertow: each text frame is sent to every connection of the room, which is the whole query. */
public final class UndertowChat {

    public static void main(String[] args) {
        Map<String, Set<WebSocketChannel>> rooms = new ConcurrentHashMap<>();
        var handler = new WebSocketProtocolHandshakeHandler((WebSocketConnectionCallback) (exchange, channel) -> {
            Set<WebSocketChannel> members =
                    rooms.computeIfAbsent(exchange.getQueryString(), name -> ConcurrentHashMap.newKeySet());
            members.add(channel);
            channel.addCloseTask(members::remove);
            channel.getReceiveSetter().set(new AbstractReceiveListener() {
                @Override
                protected void onFullTextMessage(WebSocketChannel from, BufferedTextMessage message) {
                    String text = message.getData();
                    members.forEach(member -> WebSockets.sendText(text, member, null));
                }
            });
            channel.resumeReceives();
        });
        Undertow.builder()
                .setSocketOption(Options.BACKLOG, 4_096)
                .setSocketOption(Options.TCP_NODELAY, true)
                .addHttpListener(Integer.parseInt(args[0]), "127.0.0.1")
                .setHandler(handler)
                .build()
                .start();
    }
}
