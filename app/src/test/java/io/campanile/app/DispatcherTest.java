package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/** How many handlers run at a time. */
final class DispatcherTest {

    private final ArrayDeque<Runnable> threads = new ArrayDeque<>();
    private final List<String> done = new ArrayList<>();
    private boolean isOut;

    private final Dispatcher dispatcher = new Dispatcher(
            task -> {
                if (isOut) {
                    throw new RejectedExecutionException("no thread");
                }
                threads.add(task);
            },
            2);

    private void give(int tasks) {
        for (int i = 0; i < tasks; i++) {
            String name = "task " + i;
            dispatcher.execute(() -> done.add(name));
        }
    }

    @Test
    void startsNoMoreThreadsThanMayRunAndHandsOnWhatWaitsInOrder() {
        give(5);
        assertThat(threads).hasSize(2);
        assertThat(dispatcher.waiting()).isEqualTo(5);

        threads.remove().run();

        assertThat(done).containsExactly("task 0", "task 1", "task 2", "task 3", "task 4");
        assertThat(dispatcher.running()).isEqualTo(1);
        threads.remove().run();
        assertThat(dispatcher.running()).isZero();
        give(1);
        assertThat(threads).hasSize(1);
    }

    @Test
    void lendsAsManyThreadsAgainToThoseThatDoNotReturnAndNotOneMore() {
        give(9);
        for (int i = 0; i < 5; i++) {
            dispatcher.lend();
        }
        assertThat(threads).hasSize(4);

        for (int i = 0; i < 5; i++) {
            dispatcher.unlend();
        }
        threads.remove().run();
        threads.remove().run();
        give(3);

        assertThat(threads).as("the two that are left may run").hasSize(2);
    }

    @Test
    void losesNothingWhenTheMachineHasNoThreadLeft() {
        isOut = true;
        give(2);
        assertThat(dispatcher.running()).isZero();
        assertThat(dispatcher.waiting()).isEqualTo(2);

        isOut = false;
        dispatcher.revive();
        threads.remove().run();

        assertThat(done).containsExactly("task 0", "task 1");
    }

    @Test
    void goesOnAfterATaskThatThrows() {
        dispatcher.execute(() -> {
            throw new IllegalStateException("as it may");
        });
        give(1);

        threads.remove().run();

        assertThat(done).containsExactly("task 0");
    }
}
