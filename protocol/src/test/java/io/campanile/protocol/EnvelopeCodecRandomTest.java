package io.campanile.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.campanile.protocol.Inbound.ProtocolError;
import io.campanile.protocol.Inbound.Request;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Whatever the bytes are, the codec answers, and calls JSON what Jackson calls JSON. Another seed is tried with {@code
 * -Dcampanile.seed=…}.
 */
final class EnvelopeCodecRandomTest {
    private static final int INPUTS = 200_000;
    private static final long SEED = Long.getLong("campanile.seed", 20_261_123L);

    private final Random random = new Random(SEED);
    private final RandomJson json = new RandomJson(random);

    @BeforeEach
    void printTheSeed() {
        System.out.println("campanile.seed=" + SEED);
    }

    @Test
    void agreesWithJacksonOnWhatIsAJsonObject() {
        Map<ErrorCode, Integer> refused = new EnumMap<>(ErrorCode.class);
        int accepted = 0;

        for (int i = 0; i < INPUTS; i++) {
            byte[] input = input(i);
            Inbound inbound = decode(input);

            if (inbound instanceof ProtocolError error) {
                refused.merge(error.code(), 1, Integer::sum);
                if (error.code() != ErrorCode.LIMIT_EXCEEDED) {
                    assertSame(input, error.code() == ErrorCode.INVALID, JacksonReferee.isJsonObject(input));
                }
            } else {
                accepted++;
                assertSame(input, true, JacksonReferee.isJsonObject(input));
            }
        }

        // Each answer has to be met often, else the inputs test less than they seem to.
        assertThat(accepted).isGreaterThan(INPUTS / 10);
        assertThat(refused.get(ErrorCode.MALFORMED)).isGreaterThan(INPUTS / 10);
        assertThat(refused.get(ErrorCode.INVALID)).isGreaterThan(INPUTS / 100);
    }

    @Test
    void findsWhatWasPutIntoAMessage() {
        for (int i = 0; i < 20_000; i++) {
            String event = json.name();
            String room = json.name();
            long id = random.nextLong() >> (11 + random.nextInt(40));
            String data = json.value(5);
            String[] fields = {
                "\"event\":\"" + event + "\"",
                "\"id\":" + id,
                "\"room\":\"" + room + "\"",
                "\"data\":" + json.space() + data,
                "\"other\":" + json.value(3)
            };
            shuffle(fields);
            String text =
                    json.space() + "{" + String.join(json.space() + "," + json.space(), fields) + "}" + json.space();

            assertThat(decode(text.getBytes(StandardCharsets.UTF_8)))
                    .as(text)
                    .isEqualTo(new Request(event, OptionalLong.of(id), Optional.of(room), JsonSlice.of(data)));
        }
    }

    private byte[] input(int i) {
        return switch (i % 8) {
            case 0 -> json.noise();
            case 1 -> json.fragments();
            case 2, 3, 4 -> json.mutate(message());
            default -> message();
        };
    }

    private byte[] message() {
        String text = "{" + json.space() + "\"event\":\"" + json.name() + "\",\"data\":" + json.value(4)
                + (random.nextBoolean() ? ",\"id\":" + json.value(0) : "") + "}";
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Decodes the bytes at some place in an array, its end included, with bytes around them that would mislead. */
    private Inbound decode(byte[] input) {
        int before = random.nextInt(3);
        byte[] array = new byte[before + input.length + random.nextInt(3)];
        Arrays.fill(array, (byte) "}\"0 ".charAt(random.nextInt(4)));
        System.arraycopy(input, 0, array, before, input.length);
        try {
            return EnvelopeCodec.decode(array, before, input.length);
        } catch (RuntimeException e) {
            return fail("threw for the bytes " + HexFormat.of().formatHex(input), e);
        }
    }

    private void shuffle(String[] fields) {
        for (int i = fields.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            String field = fields[i];
            fields[i] = fields[other];
            fields[other] = field;
        }
    }

    private static void assertSame(byte[] input, boolean campanile, boolean jackson) {
        if (campanile != jackson) {
            fail(
                    "JSON to Campanile: %s, to Jackson: %s; the bytes are %s",
                    campanile, jackson, HexFormat.of().formatHex(input));
        }
    }
}
