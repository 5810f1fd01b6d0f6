import com.corundumstudio.socketio.AckRequest;
import com.corundumstudio.socketio.Configuration;
import com.corundumstudio.socketio.SocketIOServer;
import com.corundumstudio.socketio.Transport;
import io.netty.channel.epoll.Epoll;

/**
 * netty-socketio: rooms are joined and left by events, and each event {@code publish} is sent to its room. Over WebSockets
 * only, and without pings, which a client would have to tell from messages.
 */
public final class NettySocketIoChat {

    public static void main(String[] args) {
        Configuration configuration = new Configuration();
        configuration.setHostname("127.0.0.1");
        configuration.setPort(Integer.parseInt(args[0]));
        configuration.setTransports(Transport.WEBSOCKET);
        configuration.setUseLinuxNativeEpoll(Epoll.isAvailable());
        configuration.setWebsocketCompression(false);
        configuration.setHttpCompression(false);
        configuration.setPingInterval(600_000);
        configuration.setPingTimeout(600_000);
        configuration.getSocketConfig().setTcpNoDelay(true);
        configuration.getSocketConfig().setAcceptBackLog(4_096);
        configuration.getSocketConfig().setReuseAddress(true);
        SocketIOServer server = new SocketIOServer(configuration);
        server.addEventListener("join", String.class, (client, room, acknowledge) -> {
            client.joinRoom(room);
            answer(acknowledge);
        });
        server.addEventListener("leave", String.class, (client, room, acknowledge) -> {
            client.leaveRoom(room);
            answer(acknowledge);
        });
        server.addMultiTypeEventListener(
                "publish",
                (client, arguments, acknowledge) ->
                        server.getRoomOperations((String) arguments.get(0)).sendEvent("m", (String) arguments.get(1)),
                String.class,
                String.class);
        server.start();
    }

    private static void answer(AckRequest acknowledge) {
        if (acknowledge.isAckRequested()) {
            acknowledge.sendAckData();
        }
    }
}
