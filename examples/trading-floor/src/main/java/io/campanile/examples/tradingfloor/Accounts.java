package io.campanile.examples.tradingfloor;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** Who may come in, with which password, and at which desks they sit. Passwords are kept as slow hashes only. */
final class Accounts {

    private static final int ITERATIONS = 100_000;
    private static final int HASH_BITS = 256;

    /** Somebody who may come in. */
    record Account(String user, List<String> desks) {}

    @SuppressWarnings("ArrayRecordComponent") // never compared as a record
    private record Entry(Account account, byte[] salt, byte[] hash) {}

    private final SecureRandom random = new SecureRandom();
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** Takes the time of a real one, so that how long a refusal takes does not tell which users there are. */
    private final Entry nobody = entry("nobody", "", List.of());

    /** Returns three people for trying it out; the password of each is "demo-" and the name. */
    static Accounts demo() {
        var accounts = new Accounts();
        accounts.add("ada", "demo-ada", List.of("equities"));
        accounts.add("ben", "demo-ben", List.of("equities", "fx"));
        accounts.add("cleo", "demo-cleo", List.of("fx"));
        return accounts;
    }

    void add(String user, String password, List<String> desks) {
        entries.put(user, entry(user, password, desks));
    }

    /** Returns the account that the password opens. Takes tens of milliseconds, so not for an event loop. */
    Optional<Account> open(String user, String password) {
        Optional<Entry> known = Optional.ofNullable(entries.get(user));
        Entry entry = known.orElse(nobody);
        boolean right = MessageDigest.isEqual(hash(password, entry.salt()), entry.hash());
        return right ? known.map(Entry::account) : Optional.empty();
    }

    private Entry entry(String user, String password, List<String> desks) {
        byte[] salt = new byte[16];
        random.nextBytes(salt);
        return new Entry(new Account(user, desks), salt, hash(password, salt));
    }

    private static byte[] hash(String password, byte[] salt) {
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(new PBEKeySpec(password.toCharArray(), salt, ITERATIONS, HASH_BITS))
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has PBKDF2", e);
        }
    }
}
