package io.campanile.auth;

import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/**
 * A token in its three parts, of which nothing is verified yet.
 *
 * @param signed what the signature is for
 */
@SuppressWarnings("ArrayRecordComponent") // tokens are not compared
record ParsedToken(Map<String, Object> header, Map<String, Object> claims, byte[] signed, Base64URL signature) {

    /** Reads a signed token in compact form (RFC 7515 section 7.1), written in the one way there is; empty for all else. */
    static Optional<ParsedToken> read(String token) {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) {
            return Optional.empty();
        }
        Optional<Map<String, Object>> header = json(parts[0]);
        Optional<Map<String, Object>> claims = json(parts[1]);
        if (header.isEmpty() || claims.isEmpty() || bytes(parts[2]).isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new ParsedToken(
                header.get(),
                claims.get(),
                token.substring(0, token.length() - parts[2].length() - 1).getBytes(StandardCharsets.US_ASCII),
                new Base64URL(parts[2])));
    }

    private static Optional<Map<String, Object>> json(String part) {
        Optional<byte[]> bytes = bytes(part);
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.get()))
                    .toString();
            return Optional.of(JSONObjectUtils.parse(text));
        } catch (CharacterCodingException | ParseException e) {
            return Optional.empty();
        }
    }

    /** Decodes base64url without padding. Bits that no byte uses must be 0, or one token could be written in many ways. */
    private static Optional<byte[]> bytes(String part) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(part);
            boolean canonical = Arrays.equals(
                    Base64.getUrlEncoder().withoutPadding().encode(bytes), part.getBytes(StandardCharsets.UTF_8));
            return canonical && bytes.length > 0 ? Optional.of(bytes) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return "ParsedToken";
    }
}
