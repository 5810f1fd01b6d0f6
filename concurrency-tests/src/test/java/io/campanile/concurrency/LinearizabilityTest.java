package io.campanile.concurrency;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A few scenarios of each model under Lincheck; {@code ./campanile stress} runs more. */
final class LinearizabilityTest {

    @ParameterizedTest
    @EnumSource
    @Timeout(300)
    void explainsAllAnswersByOneOrder(Linearizability model) {
        model.check(5);
    }
}
