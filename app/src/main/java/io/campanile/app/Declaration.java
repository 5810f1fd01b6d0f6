package io.campanile.app;

import io.campanile.app.annotation.OnBinary;
import io.campanile.app.annotation.OnConnect;
import io.campanile.app.annotation.OnDisconnect;
import io.campanile.app.annotation.Subscribe;
import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.protocol.EventName;
import io.campanile.protocol.JsonSlice;
import java.lang.annotation.Annotation;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.stream.BaseStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads the annotations of a class, once, and says with lambdas what they say. */
final class Declaration {

    private static final List<Class<? extends Annotation>> MARKS =
            List.of(OnConnect.class, OnDisconnect.class, OnBinary.class, Subscribe.class);

    /** Fills one parameter. */
    @FunctionalInterface
    private interface Argument {
        @Nullable
        Object of(Connection connection, Object payload, @Nullable Message message);
    }

    private final Object declared;
    private final Class<?> type;
    private final Map<String, Method> taken = new HashMap<>();

    private Declaration(Object declared) {
        this.declared = declared;
        this.type = declared.getClass();
    }

    static Gateway read(Object declared) {
        return new Declaration(declared).read();
    }

    private Gateway read() {
        io.campanile.app.annotation.Gateway mark = type.getAnnotation(io.campanile.app.annotation.Gateway.class);
        if (mark == null) {
            throw refused("has no @Gateway", "write @Gateway(\"/path\") on the class");
        }
        Optional<String> problem = Gateway.pathProblem(mark.value());
        if (problem.isPresent()) {
            throw refused("@Gateway: " + problem.get(), "write a path such as \"/chat\"");
        }
        Gateway gateway = Gateway.at(mark.value());
        int handlers = 0;
        for (Method method : methods()) {
            List<Class<? extends Annotation>> marks =
                    MARKS.stream().filter(method::isAnnotationPresent).toList();
            if (marks.size() > 1) {
                throw refused(
                        method,
                        "is " + marks.stream().map(Declaration::shown).collect(Collectors.joining(" and ")),
                        "leave one of them");
            }
            if (marks.size() == 1) {
                gateway = with(gateway, method, marks.get(0));
                handlers++;
            }
        }
        if (handlers == 0) {
            throw refused("handles nothing", "mark a method with @Subscribe, @OnConnect, @OnDisconnect or @OnBinary");
        }
        return gateway;
    }

    /** Returns the methods of the class and of those it extends, each once, in an order that does not change. */
    private List<Method> methods() {
        List<Method> all = new ArrayList<>();
        Set<String> signatures = new LinkedHashSet<>();
        for (Class<?> owner = type; owner != null && owner != Object.class; owner = owner.getSuperclass()) {
            Arrays.stream(declaredMethods(owner))
                    .filter(method -> !method.isSynthetic())
                    .sorted(Comparator.comparing(Method::toString))
                    .filter(method -> Modifier.isPrivate(method.getModifiers())
                            || signatures.add(method.getName() + Arrays.toString(method.getParameterTypes())))
                    .forEach(all::add);
        }
        return all;
    }

    private Method[] declaredMethods(Class<?> owner) {
        try {
            return owner.getDeclaredMethods();
        } catch (LinkageError e) {
            throw new IllegalArgumentException(
                    type.getName() + ": names a type that is not there, " + e.getMessage()
                            + "; put what has it on the class path",
                    e);
        }
    }

    private Gateway with(Gateway gateway, Method method, Class<? extends Annotation> mark) {
        int modifiers = method.getModifiers();
        if (Modifier.isPrivate(modifiers)) {
            throw refused(method, "is private", "drop private: no access modifier is enough");
        }
        if (Modifier.isStatic(modifiers)) {
            throw refused(method, "is static", "drop static: handlers belong to the object that was given");
        }
        if (Modifier.isAbstract(modifiers) || method.getTypeParameters().length > 0) {
            throw refused(method, "has type parameters", "name the types");
        }
        Subscribe subscribe = method.getAnnotation(Subscribe.class);
        if (subscribe == null) {
            return withLifecycle(gateway, method, mark);
        }
        String event = subscribe.value();
        EventName.problem("event", event).ifPresent(problem -> {
            throw refused(method, "@Subscribe: " + problem, "choose another name");
        });
        if (event.equals(Gateway.REFRESH)) {
            throw refused(method, "@Subscribe: gateways answer " + event + " themselves", "choose another name");
        }
        refuseTaken(method, "@Subscribe(\"" + event + "\")");
        checkAnswer(method);
        Optional<Type> payload = payload(method);
        Step step = step(method);
        return payload.isPresent() ? gateway.event(event, payload.get(), step) : gateway.event(event, step);
    }

    private Gateway withLifecycle(Gateway gateway, Method method, Class<? extends Annotation> mark) {
        refuseTaken(method, shown(mark));
        Class<?> result = method.getReturnType();
        if (result != void.class && !CompletionStage.class.isAssignableFrom(result)) {
            throw refused(
                    method,
                    "returns " + result.getSimpleName() + " where nobody is answered",
                    "return void, or a CompletionStage to be waited for");
        }
        Step step = step(method, mark);
        if (mark == OnConnect.class) {
            return gateway.connect(step);
        }
        return mark == OnDisconnect.class ? gateway.disconnect(step) : gateway.binary(step);
    }

    private void refuseTaken(Method method, String what) {
        Method first = taken.putIfAbsent(what, method);
        if (first != null) {
            throw refused(
                    method, "is a second handler of " + what, "merge it into " + first.getName() + ", or drop one");
        }
    }

    private void checkAnswer(Method method) {
        Class<?> result = method.getReturnType();
        boolean unsupported = (Future.class.isAssignableFrom(result) && !CompletionStage.class.isAssignableFrom(result))
                || BaseStream.class.isAssignableFrom(result)
                || Flow.Publisher.class.isAssignableFrom(result)
                || result == Connection.class
                || result == Message.class
                || Throwable.class.isAssignableFrom(result);
        if (unsupported) {
            throw refused(
                    method,
                    "returns " + result.getSimpleName() + ", of which no ack can be made",
                    "return void, a value that can be written as JSON, or a CompletionStage of one");
        }
    }

    // Parameters.

    /** Returns the type of the one parameter that is for what the client sent; empty when there is none. */
    private Optional<Type> payload(Method method) {
        Type[] types = method.getGenericParameterTypes();
        List<Integer> payloads = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            Class<?> raw = method.getParameterTypes()[i];
            if (raw == CloseReason.class) {
                throw refused(method, i, "is told of a CloseReason", "only @OnDisconnect has one: drop it");
            }
            if (raw == byte[].class) {
                throw refused(method, i, "is binary", "use @OnBinary, or a String, a record or a JsonSlice");
            }
            if (common(raw).isEmpty() && raw != Message.class) {
                payloads.add(i);
            }
        }
        if (payloads.size() > 1) {
            throw refused(
                    method, payloads.get(1), "is a second payload", "a message has one: make a record of the two");
        }
        if (payloads.isEmpty()) {
            return Optional.empty();
        }
        Type payload = types[payloads.get(0)];
        if (!Json.isReadable(payload)) {
            throw refused(
                    method,
                    payloads.get(0),
                    "is of no type that can be read from JSON",
                    "use a record, a String, a number, a JsonNode or a JsonSlice");
        }
        return Optional.of(payload);
    }

    private static Optional<Argument> common(Class<?> raw) {
        if (raw == Connection.class || raw == io.campanile.core.Connection.class) {
            return Optional.of((connection, payload, message) -> connection);
        }
        if (raw == Claims.class) {
            return Optional.of((connection, payload, message) -> connection.claims());
        }
        if (raw == Clients.class) {
            return Optional.of((connection, payload, message) -> connection.clients());
        }
        return Optional.empty();
    }

    private Step step(Method method) {
        List<Argument> arguments = new ArrayList<>();
        for (Class<?> raw : method.getParameterTypes()) {
            arguments.add(common(raw)
                    .orElseGet(() -> raw == Message.class
                            ? (connection, payload, message) -> message
                            : (connection, payload, message) -> payload));
        }
        return calling(method, arguments);
    }

    private Step step(Method method, Class<? extends Annotation> mark) {
        Class<?> own = mark == OnDisconnect.class ? CloseReason.class : mark == OnBinary.class ? byte[].class : null;
        List<Argument> arguments = new ArrayList<>();
        Class<?>[] types = method.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            Optional<Argument> argument = common(types[i]);
            if (argument.isEmpty() && types[i] == own) {
                argument = Optional.of((connection, payload, message) -> payload);
            }
            if (argument.isEmpty()) {
                throw refused(
                        method,
                        i,
                        "cannot be filled",
                        shown(mark) + " has "
                                + Stream.of("Connection", "Clients", "Claims", own == null ? "" : own.getSimpleName())
                                        .filter(name -> !name.isEmpty())
                                        .collect(Collectors.joining(", ")));
            }
            arguments.add(argument.get());
        }
        return calling(method, arguments);
    }

    private Step calling(Method method, List<Argument> arguments) {
        try {
            method.setAccessible(true);
        } catch (InaccessibleObjectException | SecurityException e) {
            throw refused(
                    method,
                    "cannot be called",
                    "open the package " + type.getPackageName() + " to the module io.campanile.app");
        }
        Argument[] filled = arguments.toArray(Argument[]::new);
        Object target = declared;
        return (connection, payload, message) -> {
            @Nullable Object[] values = new @Nullable Object[filled.length];
            for (int i = 0; i < filled.length; i++) {
                values[i] = filled[i].of(connection, payload, message);
            }
            try {
                Object result = method.invoke(target, values);
                return result == null ? JsonSlice.NULL : result;
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof Exception cause) {
                    throw cause;
                }
                if (e.getCause() instanceof Error cause) {
                    throw cause;
                }
                throw e;
            }
        };
    }

    // Words.

    private static String shown(Class<? extends Annotation> mark) {
        return "@" + mark.getSimpleName();
    }

    private IllegalArgumentException refused(String problem, String remedy) {
        return new IllegalArgumentException(type.getName() + ": " + problem + "; " + remedy);
    }

    private IllegalArgumentException refused(Method method, String problem, String remedy) {
        return new IllegalArgumentException(type.getName() + "." + method.getName() + ": " + problem + "; " + remedy);
    }

    private IllegalArgumentException refused(Method method, int parameter, String problem, String remedy) {
        return refused(
                method,
                "parameter " + (parameter + 1) + ", " + method.getGenericParameterTypes()[parameter].getTypeName()
                        + ", " + problem,
                remedy);
    }
}
