import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.simp.config.MessageBrokerRegistry;
import org.springframework.web.socket.config.annotation.EnableWebSocketMessageBroker;
import org.springframework.web.socket.config.annotation.StompEndpointRegistry;
import org.springframework.web.socket.config.annotation.WebSocketMessageBrokerConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketTransportRegistration;
import org.springframework.web.socket.server.standard.ServletServerContainerFactoryBean;

/**
 * Spring's STOMP over WebSocket with its simple broker, as its reference would have one set it up; with the argument {@code
 * ordered} it keeps the order in which messages come and in which they are published. Only its limits of what may wait are
 * raised, so that no receiver is cut.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableWebSocketMessageBroker
public class SpringStomp implements WebSocketMessageBrokerConfigurer {
    private static final int MEBIBYTE = 1 << 20;

    private static boolean ordered;

    public static void main(String[] args) {
        ordered = args.length > 1 && args[1].equals("ordered");
        SpringApplication application = new SpringApplication(SpringStomp.class);
        application.setDefaultProperties(Map.of(
                "server.address", "127.0.0.1",
                "server.port", args[0],
                "server.tomcat.max-connections", "20000",
                "server.tomcat.accept-count", "4096",
                "spring.main.banner-mode", "off",
                "logging.level.root", "error"));
        application.run();
    }

    @Override
    public void registerStompEndpoints(StompEndpointRegistry registry) {
        registry.setPreserveReceiveOrder(ordered);
        registry.addEndpoint("/ws");
    }

    @Override
    public void configureMessageBroker(MessageBrokerRegistry registry) {
        registry.enableSimpleBroker("/topic").setHeartbeatValue(new long[] {0, 0});
        registry.setPreservePublishOrder(ordered);
    }

    @Override
    public void configureWebSocketTransport(WebSocketTransportRegistration registration) {
        registration.setMessageSizeLimit(MEBIBYTE);
        registration.setSendBufferSizeLimit(64 * MEBIBYTE);
        registration.setSendTimeLimit(60_000);
    }

    /** Lets a message of Tomcat's be as long as one of STOMP. */
    @Bean
    ServletServerContainerFactoryBean buffers() {
        ServletServerContainerFactoryBean container = new ServletServerContainerFactoryBean();
        container.setMaxTextMessageBufferSize(64 * 1_024);
        return container;
    }
}
