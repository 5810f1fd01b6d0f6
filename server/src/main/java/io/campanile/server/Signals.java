package io.campanile.server;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells of SIGTERM, SIGINT and SIGHUP. */
final class Signals {

    /*
     * A shutdown hook would be told of the first signal only, and of it too late: the JVM is then ending already, with
     * exit code 143 whatever the hook does, and ignores a second signal while the hook runs. So the signals are taken
     * over with sun.misc.Signal, which the module jdk.unsupported exports and every JVM of use has. It is called by
     * reflection because javac warns of it in a way that cannot be switched off.
     */
    private static final Logger log = LoggerFactory.getLogger(Signals.class);

    private Signals() {}

    /** Runs the action on each signal, on a thread of the JVM's. Without effect where the JVM has no such signal. */
    static void onStop(Runnable action) {
        for (String name : List.of("TERM", "INT", "HUP")) {
            try {
                handle(name, action);
            } catch (InvocationTargetException e) {
                // The JVM was started with -Xrs, or the system has no such signal.
                log.atDebug().addKeyValue("signal", name).log("signal not taken over");
            } catch (ReflectiveOperationException e) {
                log.atWarn()
                        .addKeyValue("signal", name)
                        .log("signal not taken over, the process will end without stopping in order");
            }
        }
    }

    private static void handle(String name, Runnable action) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        Object handler = Proxy.newProxyInstance(
                Signals.class.getClassLoader(), new Class<?>[] {handlerType}, (proxy, method, args) -> {
                    if (method.getDeclaringClass() == Object.class) {
                        return method.invoke(action, args);
                    }
                    action.run();
                    return null;
                });
        Method handle = signal.getMethod("handle", signal, handlerType);
        handle.invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
    }
}
