package io.campanile.benchmarks;

import io.campanile.benchmarks.Mode.Step;
import java.util.List;
import java.util.function.Consumer;

/** A client's side of a conversation: each step is said when the one before has been answered. Not thread-safe. */
final class Dialogue {

    /** The server does not do what it was asked; the message is its answer. */
    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1;

        RefusedException(String message) {
            super(message);
        }
    }

    private final Mode mode;
    private final List<Step> steps;
    private final Consumer<String> voice;
    private int next;

    /**
     * Begins it.
     *
     * @param voice sends a text
     */
    Dialogue(Mode mode, List<Step> steps, Consumer<String> voice) {
        this.mode = mode;
        this.steps = steps;
        this.voice = voice;
        speak();
    }

    /** Whether everything was said and answered. */
    boolean isOver() {
        return next == steps.size();
    }

    /** Hears a text; one that is no answer is ignored. Only while it is not over. */
    void hear(String text) throws RefusedException {
        if (mode.isRefusal(text)) {
            throw new RefusedException(text);
        }
        if (text.contains(steps.get(next).awaited())) {
            next++;
            speak();
        }
    }

    private void speak() {
        while (!isOver()) {
            Step step = steps.get(next);
            if (!step.send().isEmpty()) {
                voice.accept(step.send());
            }
            if (!step.awaited().isEmpty()) {
                return;
            }
            next++;
        }
    }
}
