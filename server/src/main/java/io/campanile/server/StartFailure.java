package io.campanile.server;

/** The server could not start; the sentence is for the user. */
final class StartFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Whose doing it is, which decides the exit code. */
    enum Blame {
        /** What was asked for is not allowed. */
        USAGE,
        /** The machine does not let it. */
        MACHINE
    }

    private final Blame blame;
    private final String sentence;

    StartFailure(Blame blame, String sentence) {
        super(sentence);
        this.blame = blame;
        this.sentence = sentence;
    }

    StartFailure(Blame blame, String sentence, Throwable cause) {
        super(sentence, cause);
        this.blame = blame;
        this.sentence = sentence;
    }

    /** Says to the user what is wrong and what to do. */
    String sentence() {
        return sentence;
    }

    Blame blame() {
        return blame;
    }
}
