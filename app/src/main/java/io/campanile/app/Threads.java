package io.campanile.app;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Where handlers run: on virtual threads where there are any, from Java 21 on, else on threads that are used again. */
final class Threads {

    private static final long KEPT_SECONDS = 10;
    private static final @Nullable MethodHandle START_VIRTUAL = startVirtual();

    private Threads() {}

    static boolean areVirtual() {
        return START_VIRTUAL != null;
    }

    /**
     * Returns an executor with a thread for each task that is given while others run; who uses it bounds how many there are.
     * It needs no end: threads without work end by themselves, and keep no process alive.
     */
    static Executor handlers(String path) {
        MethodHandle start = START_VIRTUAL;
        if (start != null) {
            return task -> {
                try {
                    Thread ignored = (Thread) start.invokeExact(task);
                } catch (RuntimeException | Error e) {
                    throw e;
                } catch (Throwable e) {
                    throw new IllegalStateException(e);
                }
            };
        }
        return new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                KEPT_SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                named("campanile-handler " + path));
    }

    static ThreadFactory named(String name) {
        AtomicLong number = new AtomicLong();
        return task -> {
            Thread thread = new Thread(task, name + " " + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static @Nullable MethodHandle startVirtual() {
        try {
            return MethodHandles.publicLookup()
                    .findStatic(
                            Thread.class, "startVirtualThread", MethodType.methodType(Thread.class, Runnable.class));
        } catch (NoSuchMethodException | IllegalAccessException e) {
            return null;
        }
    }
}
