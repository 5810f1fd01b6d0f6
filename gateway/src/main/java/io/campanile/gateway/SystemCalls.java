package io.campanile.gateway;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * System calls of Linux without native code of our own, through Java's foreign functions (JEP 454). Java 22 brought them;
 * they are looked up by name, since this has to compile and run on Java 17.
 */
final class SystemCalls {

    private static final int OLDEST_JAVA = 22;
    private static final int ARGUMENTS = 6;
    private static final MethodType TYPE =
            MethodType.methodType(long.class, Collections.nCopies(1 + ARGUMENTS, long.class));

    /** {@code long syscall(long number, long...)} of the C library; fails each time where there is none to be had. */
    private static final MethodHandle SYSCALL;

    private static final @Nullable String UNAVAILABILITY;

    static {
        MethodHandle found =
                MethodHandles.dropArguments(MethodHandles.constant(long.class, -1L), 0, TYPE.parameterList());
        String unavailability = null;
        try {
            if (!System.getProperty("os.name", "").equals("Linux")) {
                unavailability = "not Linux";
            } else if (Runtime.version().feature() < OLDEST_JAVA) {
                unavailability = "Java " + Runtime.version().feature() + " (expected: " + OLDEST_JAVA + " or newer)";
            } else if (!isNativeAccessEnabled()) {
                Module ours = SystemCalls.class.getModule();
                unavailability = "native access is not enabled (expected: --enable-native-access="
                        + (ours.isNamed() ? ours.getName() : "ALL-UNNAMED") + ")";
            } else {
                found = lookUp();
            }
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            unavailability = "foreign functions cannot be used: "
                    + (e instanceof InvocationTargetException wrapped ? wrapped.getCause() : e);
        }
        SYSCALL = found;
        UNAVAILABILITY = unavailability;
    }

    private SystemCalls() {}

    /** Returns why every call would fail; empty when they work. */
    static Optional<String> unavailability() {
        return Optional.ofNullable(UNAVAILABILITY);
    }

    /** Asked first, because using what is not enabled prints a warning. */
    private static boolean isNativeAccessEnabled() throws ReflectiveOperationException {
        return (boolean) Module.class.getMethod("isNativeAccessEnabled").invoke(SystemCalls.class.getModule());
    }

    private static MethodHandle lookUp() throws ReflectiveOperationException {
        Class<?> linkers = Class.forName("java.lang.foreign.Linker");
        Class<?> options = Class.forName("java.lang.foreign.Linker$Option");
        Class<?> layouts = Class.forName("java.lang.foreign.MemoryLayout");
        Class<?> segments = Class.forName("java.lang.foreign.MemorySegment");
        Class<?> descriptors = Class.forName("java.lang.foreign.FunctionDescriptor");
        Object word = Class.forName("java.lang.foreign.ValueLayout")
                .getField("JAVA_LONG")
                .get(null);
        Object words = Array.newInstance(layouts, TYPE.parameterCount());
        for (int i = 0; i < TYPE.parameterCount(); i++) {
            Array.set(words, i, word);
        }
        Object linker = linkers.getMethod("nativeLinker").invoke(null);
        Object functions = linkers.getMethod("defaultLookup").invoke(linker);
        Optional<?> address = (Optional<?>) Class.forName("java.lang.foreign.SymbolLookup")
                .getMethod("find", String.class)
                .invoke(functions, "syscall");
        Object descriptor =
                descriptors.getMethod("of", layouts, words.getClass()).invoke(null, word, words);
        Object none = Array.newInstance(options, 0);
        return (MethodHandle) linkers.getMethod("downcallHandle", segments, descriptors, none.getClass())
                .invoke(linker, address.orElseThrow(), descriptor, none);
    }

    /** Calls the system; -1 says that it failed, and nothing says why. */
    static long call(long number, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) SYSCALL.invokeExact(number, a, b, c, d, e, f);
        } catch (Error | RuntimeException failure) {
            throw failure;
        } catch (Throwable failure) {
            throw new IllegalStateException(failure); // a function declares nothing to throw
        }
    }

    /** Returns memory that a call has given, in this machine's byte order. It is gone when another call takes it back. */
    static ByteBuffer memory(long address, long size) {
        try {
            Class<?> segments = Class.forName("java.lang.foreign.MemorySegment");
            Object segment = segments.getMethod("ofAddress", long.class).invoke(null, address);
            Object sized = segments.getMethod("reinterpret", long.class).invoke(segment, size);
            ByteBuffer bytes = (ByteBuffer) segments.getMethod("asByteBuffer").invoke(sized);
            return bytes.order(ByteOrder.nativeOrder());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
