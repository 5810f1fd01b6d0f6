package io.campanile.app;

import io.campanile.protocol.ErrorCode;
import java.lang.reflect.Type;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads what came with an event, and checks it, before another step sees it. */
record ReadingStep(Type type, Step then) implements Step {

    @Override
    public Object run(Connection connection, Object payload, @Nullable Message message) throws Exception {
        GatewayEndpoint endpoint = ((ClientConnection) connection).endpoint();
        Object value = endpoint.json().read("data", ((Message) payload).data(), type);
        Optional<String> problem = endpoint.validation.problem(value);
        if (problem.isPresent()) {
            throw new Refusal(ErrorCode.INVALID, problem.get());
        }
        return then.run(connection, value, message);
    }
}
