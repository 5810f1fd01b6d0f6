package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.gateway.HttpAnswer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What is remembered of requests with a key of their own, for how long, and at what cost. */
final class IdempotentAnswersTest {

    private static final int ENTRY = IdempotentAnswers.OVERHEAD_BYTES;

    private long now = Long.MAX_VALUE - 5; // the clock may begin anywhere, and pass its end
    private int done;
    private final IdempotentAnswers answers = new IdempotentAnswers(Duration.ofNanos(100), 3L * ENTRY, () -> now);

    @Test
    void remembersForTheWindowAndNoLonger() {
        answer("k", "x");

        now += 99;
        answer("k", "x");
        assertThat(done).isEqualTo(1);

        now += 1;
        answer("k", "x");
        assertThat(done).isEqualTo(2);
    }

    @Test
    void tellsCallersApartWhoChooseTheSameKey() {
        ask("one", "k", "x", now(200));
        ask("two", "k", "x", now(200));

        assertThat(done).isEqualTo(2);
    }

    @Test
    void aRepeatWaitsForTheRequestThatIsUnderWay() {
        var underWay = new CompletableFuture<HttpAnswer>();
        ask("one", "k", "x", underWay);

        CompletableFuture<HttpAnswer> repeat = ask("one", "k", "x", now(200));
        assertThat(repeat).isNotDone();
        assertThat(ask("one", "k", "y", now(200)).join().status()).isEqualTo(422);
        underWay.complete(HttpAnswer.json(200, "{}"));

        assertThat(repeat.join().headers()).containsEntry("idempotency-replayed", "true");
        assertThat(done).isEqualTo(1);
        assertThat(answers.replayed()).isEqualTo(1);
    }

    @Test
    void forgetsTheOldestWhenTheNextOneWouldBeTooMuch() {
        ask("one", "", "x", now(200));
        ask("one", "a", "x", now(200)); // one byte
        ask("one", "b", "x", now(200)); // and another: with two bytes less there would be room for all three
        assertThat(answers.forgotten()).isEqualTo(1);
        assertThat(answers.bytes()).isEqualTo(2 * ENTRY + 2);

        ask("one", "a", "x", now(200));
        assertThat(done).isEqualTo(3);
        ask("one", "", "x", now(200));
        assertThat(done).isEqualTo(4);
    }

    @Test
    void keepsAsManyAsFitExactly() {
        var exact = new IdempotentAnswers(Duration.ofNanos(100), 2L * (ENTRY + 1 + 2), () -> now);
        for (String key : new String[] {"a", "b", "a", "b"}) {
            exact.answer("one", key, new byte[0], () -> {
                done++;
                return CompletableFuture.completedFuture(HttpAnswer.json(200, "{}"));
            });
        }

        assertThat(done).isEqualTo(2);
        assertThat(exact.forgotten()).isZero();
    }

    @Test
    void countsTheBytesOfAnswersAndForgetsOneThatIsLargerThanAll() {
        var large = HttpAnswer.bytes(200, "text/plain", new byte[3 * ENTRY]);
        ask("one", "k", "x", CompletableFuture.completedFuture(large));

        assertThat(answers.bytes()).isZero();
        assertThat(answers.forgotten()).isEqualTo(1);
    }

    @Test
    void doesNotRememberAnswersThatSayThatNothingWasDone() {
        for (int status : new int[] {400, 413, 429, 503}) {
            ask("one", "k", "x", now(status));
        }

        assertThat(done).isEqualTo(4);
        assertThat(answers.bytes()).isZero();
    }

    @Test
    void remembersAFailureOfWhichNobodyKnowsWhatWasDone() {
        var failure = new CompletableFuture<HttpAnswer>();
        failure.completeExceptionally(new IllegalStateException("broken"));

        assertThat(ask("one", "k", "x", failure)).isCompletedExceptionally();
        assertThat(ask("one", "k", "x", now(200))).isCompletedExceptionally();
        assertThat(done).isEqualTo(1);
    }

    private void answer(String key, String body) {
        assertThat(ask("one", key, body, now(200)).join().status()).isEqualTo(200);
    }

    private static CompletableFuture<HttpAnswer> now(int status) {
        return CompletableFuture.completedFuture(HttpAnswer.empty(status));
    }

    private CompletableFuture<HttpAnswer> ask(
            String caller, String key, String body, CompletionStage<HttpAnswer> outcome) {
        return answers.answer(caller, key, body.getBytes(StandardCharsets.UTF_8), () -> {
                    done++;
                    return outcome;
                })
                .toCompletableFuture();
    }
}
