package io.campanile.testkit;

/** A guarantee is broken. Leaves a simulation; never crosses the registry, which would take it for a listener's failure. */
final class Violation extends RuntimeException {

    private static final long serialVersionUID = 1L;

    final Guarantee guarantee;

    Violation(Guarantee guarantee, String what) {
        super(what, null, false, false);
        this.guarantee = guarantee;
    }
}
