package io.campanile.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/** JSON text at random, and bytes that nearly are. */
final class RandomJson {
    private static final String[] SCALARS = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "7",
        "-12.50",
        "1e400",
        "2E-7",
        "0.1000",
        "\"\"",
        "\"text\"",
        "\"é\\u00e9\"",
        "\"\ud83d\ude00\"",
        "\"\\ud800\"",
        "\"\\\\ \\\" \\/ \\b\\f\\n\\r\\t\"",
        "12345678901234567890123"
    };
    private static final String[] KEYS = {"\"a\"", "\"event\"", "\"id\"", "\"room\"", "\"data\"", "\"\\u0069d\"", "\"\""
    };
    private static final String[] FRAGMENTS = {
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\"\\u00",
        "00",
        "1",
        "-",
        ".",
        "e",
        "true",
        "nul",
        " ",
        "\n",
        "\t",
        "\"event\":\"x\"",
        "\"id\":1",
        "\"data\":",
        "\"event\"",
        "\ufeff",
        "é",
        "\ud83d\ude00",
        "\u0001",
        "[[[[",
        "{\"a\":"
    };

    private final Random random;

    RandomJson(Random random) {
        this.random = random;
    }

    /** Returns one value, with white space inside and none around. */
    String value(int depth) {
        int kind = random.nextInt(depth == 0 ? 6 : 10);
        if (kind < 6) {
            return pick(SCALARS);
        }
        boolean object = kind < 8;
        var text = new StringBuilder().append(object ? '{' : '[').append(space());
        int count = random.nextInt(4);
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : ",").append(space());
            if (object) {
                text.append(pick(KEYS)).append(space()).append(':').append(space());
            }
            text.append(value(depth - 1)).append(space());
        }
        return text.append(object ? '}' : ']').toString();
    }

    String name() {
        String chars = "abcXYZ019_-.:/@=+~";
        var name = new StringBuilder();
        for (int i = random.nextInt(random.nextInt(8) == 0 ? 128 : 12); i >= 0; i--) {
            name.append(chars.charAt(random.nextInt(chars.length())));
        }
        return name.toString();
    }

    String space() {
        return random.nextInt(4) > 0 ? "" : pick(new String[] {" ", "\n", "\r\n", "\t  "});
    }

    byte[] noise() {
        byte[] noise = new byte[random.nextInt(40)];
        random.nextBytes(noise);
        return noise;
    }

    byte[] fragments() {
        var text = new StringBuilder(random.nextBoolean() ? "{" : "");
        for (int i = random.nextInt(12); i > 0; i--) {
            text.append(pick(FRAGMENTS));
        }
        return text.append(random.nextBoolean() ? "}" : "").toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the bytes with one to three small things done to them. */
    byte[] mutate(byte[] bytes) {
        byte[] mutant = bytes;
        for (int i = random.nextInt(3); i >= 0; i--) {
            int from = random.nextInt(mutant.length + 1);
            int to = Math.min(mutant.length, from + random.nextInt(4));
            mutant = switch (random.nextInt(5)) {
                case 0 -> join(mutant, 0, from, noise(), mutant, to);
                case 1 -> join(mutant, 0, from, new byte[0], mutant, to);
                case 2 -> join(mutant, 0, from, pick(FRAGMENTS).getBytes(StandardCharsets.UTF_8), mutant, from);
                case 3 -> join(mutant, 0, to, new byte[0], mutant, from);
                default -> flip(mutant);
            };
        }
        return mutant;
    }

    private byte[] flip(byte[] bytes) {
        byte[] flipped = bytes.clone();
        if (flipped.length > 0) {
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return flipped;
    }

    private String pick(String[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static byte[] join(byte[] head, int start, int end, byte[] middle, byte[] tail, int from) {
        byte[] joined = new byte[end - start + middle.length + tail.length - from];
        System.arraycopy(head, start, joined, 0, end - start);
        System.arraycopy(middle, 0, joined, end - start, middle.length);
        System.arraycopy(tail, from, joined, end - start + middle.length, tail.length - from);
        return joined;
    }
}
