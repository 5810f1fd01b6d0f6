package io.campanile.app;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.campanile.core.ConnectionId;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.JsonSlice;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.AnnotationIntrospector;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.deser.std.StdScalarDeserializer;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.introspect.JacksonAnnotationIntrospector;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.ToStringSerializer;
import tools.jackson.databind.type.LogicalType;
import tools.jackson.databind.type.TypeFactory;

/** Reads payloads strictly, and says what is wrong without repeating them; writes what is sent. */
final class Json {

    private static final int SHOWN_CHARS = 64;
    private static final TypeFactory TYPES = TypeFactory.createDefaultInstance();

    private final JsonMapper mapper = JsonMapper.builder()
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .withCoercionConfig(LogicalType.Textual, text -> {
                text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
                text.setCoercion(CoercionInputShape.Float, CoercionAction.Fail);
                text.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
            })
            .addModule(new SimpleModule()
                    .addSerializer(ConnectionId.class, ToStringSerializer.instance)
                    .addDeserializer(ConnectionId.class, new AddressReader()))
            .annotationIntrospector(
                    AnnotationIntrospector.pair(new JacksonAnnotationIntrospector(), new RequiredComponents()))
            .build();

    /** Returns a value as JSON; a slice as it is. */
    JsonSlice write(@Nullable Object value) {
        if (value == null) {
            return JsonSlice.NULL;
        }
        if (value instanceof JsonSlice slice) {
            return slice;
        }
        try {
            return JsonSlice.of(mapper.writeValueAsBytes(value));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "data: a " + value.getClass().getName() + " (expected: what can be written as JSON)", e);
        }
    }

    <T> T read(String what, JsonSlice data, Class<T> type) {
        return type.cast(read(what, data, (Type) type));
    }

    /**
     * Reads a payload.
     *
     * @param what the field it came in, for problems with the whole of it
     * @throws Refusal when it is not of the type, with the field and what was expected
     */
    Object read(String what, JsonSlice data, Type type) {
        if (type == JsonSlice.class) {
            return data;
        }
        JavaType wanted = mapper.constructType(type);
        Object value;
        try {
            value = mapper.readValue(data.toByteArray(), wanted);
        } catch (MismatchedInputException e) {
            throw new Refusal(ErrorCode.INVALID, problem(what, e, wanted));
        } catch (InputCoercionException e) {
            throw new Refusal(
                    ErrorCode.INVALID, field(what, e) + ": out of range (expected: " + named(e.getTargetType()) + ")");
        } catch (StreamReadException e) {
            throw new Refusal(
                    ErrorCode.INVALID, what + ": a number, name or text beyond what is read (expected: shorter)");
        } catch (JacksonException e) {
            throw new Refusal(ErrorCode.INVALID, field(what, e) + ": cannot be read (expected: " + named(wanted) + ")");
        }
        if (value == null) {
            throw new Refusal(ErrorCode.INVALID, what + ": missing (expected: " + named(wanted) + ")");
        }
        return value;
    }

    /** Returns whether this is a type of which Jackson can make values, as far as that can be told from outside. */
    static boolean isReadable(Type type) {
        JavaType wanted = TYPES.constructType(type);
        Class<?> raw = wanted.getRawClass();
        return wanted.isConcrete()
                || wanted.isContainerType()
                || JsonNode.class.isAssignableFrom(raw)
                || raw == Object.class
                || raw == Number.class
                || raw == CharSequence.class
                || raw.isAnnotationPresent(JsonTypeInfo.class)
                || raw.isAnnotationPresent(JsonDeserialize.class);
    }

    private static String problem(String what, MismatchedInputException e, JavaType whole) {
        String field = field(what, e);
        if (e instanceof UnrecognizedPropertyException) {
            return field + ": not known (expected: " + named(whole) + ")";
        }
        Class<?> target = e.getTargetType();
        String expected = target == null ? named(whole) : named(target);
        return field + ": missing or of another kind (expected: " + expected + ")";
    }

    /** Returns the way to a field, such as {@code order.lines[2].price}, short and in plain characters. */
    private static String field(String what, JacksonException e) {
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference step : e.getPath()) {
            if (step.getPropertyName() != null) {
                path.append(path.isEmpty() ? "" : ".").append(step.getPropertyName());
            } else if (step.getIndex() >= 0) {
                path.append('[').append(step.getIndex()).append(']');
            }
        }
        return path.isEmpty() ? what : shown(path);
    }

    private static String shown(CharSequence path) {
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < Math.min(path.length(), SHOWN_CHARS); i++) {
            char c = path.charAt(i);
            shown.append(c >= ' ' && c < 0x7f ? c : '?');
        }
        return shown.append(path.length() > SHOWN_CHARS ? "..." : "").toString();
    }

    private static String named(JavaType type) {
        return named(type.getRawClass());
    }

    private static String named(Class<?> type) {
        if (type == ConnectionId.class) {
            return "the id of a connection";
        }
        if (type.isEnum()) {
            StringBuilder names = new StringBuilder("one of ");
            for (Object constant : type.getEnumConstants()) {
                names.append(names.length() > 7 ? ", " : "").append(constant);
            }
            return names.toString();
        }
        if (type == String.class || CharSequence.class.isAssignableFrom(type) || type == char.class) {
            return "a string";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type == int.class
                || type == Integer.class
                || type == long.class
                || type == Long.class
                || type == short.class
                || type == byte.class
                || type == java.math.BigInteger.class) {
            return "a whole number";
        }
        if (type.isPrimitive() || Number.class.isAssignableFrom(type)) {
            return "a number";
        }
        if (type.isArray() || Iterable.class.isAssignableFrom(type)) {
            return "an array";
        }
        if (type.isRecord() || java.util.Map.class.isAssignableFrom(type)) {
            return "an object";
        }
        if (type.getName().startsWith("java.time.")) {
            return "a time, as a string";
        }
        return type.getName().startsWith("java.") ? "another value" : "an object";
    }

    /** Reads the id of a connection as clients know it: the text form, for as a number it would not fit theirs. */
    private static final class AddressReader extends StdScalarDeserializer<ConnectionId> {

        AddressReader() {
            super(ConnectionId.class);
        }

        @Override
        public ConnectionId deserialize(JsonParser parser, DeserializationContext context) {
            String text = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getString() : "";
            return ConnectionId.parse(text)
                    .orElseThrow(
                            () -> MismatchedInputException.from(parser, ConnectionId.class, "no id of a connection"));
        }
    }
}
