package io.campanile.server;

/** A command could not be done; the sentence is for the user, the code for scripts. */
final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exit;

    private CommandFailure(int exit, String sentence) {
        super(sentence);
        this.exit = exit;
    }

    static CommandFailure failed(String sentence) {
        return new CommandFailure(Exit.FAILED, sentence);
    }

    static CommandFailure misused(String sentence) {
        return new CommandFailure(Exit.MISUSED, sentence);
    }

    static CommandFailure unavailable(String sentence) {
        return new CommandFailure(Exit.UNAVAILABLE, sentence);
    }

    String sentence() {
        return String.valueOf(getMessage());
    }

    /** One of the codes of {@link Exit}. */
    int exit() {
        return exit;
    }
}
