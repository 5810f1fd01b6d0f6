package io.campanile.gateway;

import java.util.List;
import java.util.Optional;

/**
 * Reads the extensions that a client offers (RFC 6455 section 9.1) and finds the first offer of permessage-deflate that
 * can be accepted (RFC 7692 section 5.1). Takes time in proportion to the length of the header.
 */
final class ExtensionOffers {

    private static final String DEFLATE = "permessage-deflate";
    private static final String SEPARATORS = "()<>@,;:\\\"/[]?={} \t";

    private final String text;
    private int at;

    private ExtensionOffers(String text) {
        this.text = text;
    }

    /**
     * Returns what is agreed with a client.
     *
     * @param headers the values of its {@code Sec-WebSocket-Extensions}
     * @return empty when one of them is not well-formed
     */
    static Optional<Agreement> answer(List<String> headers) {
        Agreement found = Agreement.PLAIN;
        for (String header : headers) {
            Optional<Agreement> answer = new ExtensionOffers(header).answer();
            if (answer.isEmpty()) {
                return answer;
            }
            found = found == Agreement.PLAIN ? answer.get() : found;
        }
        return Optional.of(found);
    }

    private Optional<Agreement> answer() {
        Agreement found = Agreement.PLAIN;
        boolean any = false;
        for (skipBlanks(); at < text.length(); skipBlanks()) {
            // A list may have empty elements.
            if (!next(',')) {
                String name = token();
                Offer offer = new Offer();
                if (name.isEmpty() || !parameters(offer)) {
                    return Optional.empty();
                }
                any = true;
                if (found == Agreement.PLAIN && name.equals(DEFLATE)) {
                    found = offer.answer();
                }
            }
        }
        return any ? Optional.of(found) : Optional.empty();
    }

    /** Reads up to the end of an extension; returns whether it was well-formed. */
    private boolean parameters(Offer offer) {
        for (skipBlanks(); next(';'); skipBlanks()) {
            skipBlanks();
            String name = token();
            if (name.isEmpty()) {
                return false;
            }
            skipBlanks();
            String value = "";
            boolean valued = next('=');
            if (valued) {
                skipBlanks();
                value = next('"') ? quoted() : token();
                if (value.isEmpty()) {
                    return false;
                }
            }
            offer.take(name, valued ? Optional.of(value) : Optional.empty());
        }
        return at == text.length() || text.charAt(at) == ',';
    }

    private boolean next(char c) {
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private void skipBlanks() {
        while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
            at++;
        }
    }

    private String token() {
        int from = at;
        while (at < text.length() && isToken(text.charAt(at))) {
            at++;
        }
        return text.substring(from, at);
    }

    /** Returns what is between quotes, or nothing if that is no token, as it must be. */
    private String quoted() {
        StringBuilder value = new StringBuilder();
        while (at < text.length() && !next('"')) {
            next('\\');
            if (at == text.length() || !isToken(text.charAt(at))) {
                return "";
            }
            value.append(text.charAt(at++));
        }
        return text.charAt(at - 1) == '"' ? value.toString() : "";
    }

    private static boolean isToken(char c) {
        return c > ' ' && c < 0x7f && SEPARATORS.indexOf(c) < 0;
    }

    /** The parameters of one offer of permessage-deflate, as far as they are read. */
    private static final class Offer {

        private static final int MIN_BITS = 8;
        private static final int MAX_BITS = 15;

        private boolean acceptable = true;
        private boolean serverTakeover;
        private boolean clientTakeover;
        private boolean clientBits;
        private int serverBits;

        /** Takes up a parameter; one that is unknown, comes again or has a wrong value spoils the offer. */
        void take(String name, Optional<String> value) {
            acceptable &= switch (name) {
                case "server_no_context_takeover" -> !serverTakeover && (serverTakeover = value.isEmpty());
                case "client_no_context_takeover" -> !clientTakeover && (clientTakeover = value.isEmpty());
                case "client_max_window_bits" -> !clientBits && (clientBits = value.isEmpty() || bits(value.get()) > 0);
                case "server_max_window_bits" ->
                    serverBits == 0 && (serverBits = value.map(Offer::bits).orElse(0)) > 0;
                default -> false;
            };
        }

        private static int bits(String value) {
            if (value.length() > 2 || !value.matches("[1-9][0-9]?")) {
                return 0;
            }
            int bits = Integer.parseInt(value);
            return bits < MIN_BITS || bits > MAX_BITS ? 0 : bits;
        }

        Agreement answer() {
            if (!acceptable || (serverBits != 0 && serverBits < DeflateFormat.NARROW_BITS)) {
                return Agreement.PLAIN;
            }
            return switch (serverBits) {
                case 0 -> Agreement.WIDE;
                case MAX_BITS -> Agreement.WIDE_NAMED;
                default -> Agreement.NARROW;
            };
        }
    }
}
