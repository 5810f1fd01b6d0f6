package io.campanile.app.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a class to be a gateway; {@link io.campanile.app.Gateway#of} makes one of an object of it.
 *
 * <pre>{@code
 * @Gateway("/chat")
 * final class Chat {
 *     @OnConnect
 *     void hello(Connection connection) {
 *         connection.join("lobby");
 *     }
 *
 *     @Subscribe("message")
 *     Sent message(Connection connection, ChatMessage message) {
 *         connection.to("lobby").except(connection).send("message", message);
 *         return new Sent(Instant.now());
 *     }
 * }
 * }</pre>
 *
 * <p>Methods may have any access but private. Their parameters are filled by type, in any order: {@link
 * io.campanile.app.Connection}, {@link io.campanile.app.Clients}, {@link io.campanile.core.Claims}; for an event also {@link
 * io.campanile.app.Message} and one payload of any other type; for binary messages {@code byte[]}; for a disconnect {@link
 * io.campanile.core.CloseReason}. An event is acknowledged with what its method returns, or with what the stage comes to
 * that it returns.
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface Gateway {

    /** Returns the exact path, such as {@code /chat}. */
    String value();
}
