package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.gateway.Addresses.Answer;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How connections are counted by address. */
final class AddressesTest {

    private static final long SECOND = 1_000_000_000;

    private static long key(String address) {
        return Addresses.keyOf(new InetSocketAddress(address, 1));
    }

    @Test
    void takesAsManyAsTheLimitAndNotOneMore() {
        Addresses addresses = new Addresses(2, 0);

        assertThat(addresses.enter(1, 0)).isEqualTo(Answer.ENTERED);
        assertThat(addresses.enter(1, 0)).isEqualTo(Answer.ENTERED);
        assertThat(addresses.enter(1, 0)).isEqualTo(Answer.FULL);
        assertThat(addresses.enter(2, 0)).isEqualTo(Answer.ENTERED);
    }

    @Test
    void hasAPlaceAgainForEachThatLeaves() {
        Addresses addresses = new Addresses(1, 0);
        addresses.enter(1, 0);
        addresses.enter(1, 0);
        addresses.leave(1, 0);

        assertThat(addresses.enter(1, 0)).isEqualTo(Answer.ENTERED);
        assertThat(addresses.enter(1, 0)).isEqualTo(Answer.FULL);
    }

    @Test
    void forgetsAnAddressWithItsLastConnection() {
        Addresses addresses = new Addresses(2, 0);
        for (long key = 0; key < 1_000; key++) {
            addresses.enter(key, 0);
            addresses.enter(key, 0);
            addresses.enter(key, 0);
        }
        for (long key = 0; key < 1_000; key++) {
            addresses.leave(key, 0);
        }
        assertThat(addresses.size()).isEqualTo(1_000);
        for (long key = 0; key < 1_000; key++) {
            addresses.leave(key, 0);
        }

        assertThat(addresses.size()).isZero();
    }

    @Test
    void isExactWhenManyEnterAtOnce() throws Exception {
        Addresses addresses = new Addresses(1_000, 0);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            CyclicBarrier start = new CyclicBarrier(4);
            List<Future<Integer>> entered = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                entered.add(threads.submit(() -> {
                    start.await(30, TimeUnit.SECONDS);
                    int count = 0;
                    for (int n = 0; n < 10_000; n++) {
                        if (addresses.enter(1, 0) == Answer.ENTERED) {
                            count++;
                            if (n % 3 == 0) {
                                addresses.leave(1, 0);
                                count--;
                            }
                        }
                    }
                    return count;
                }));
            }

            int total = 0;
            for (Future<Integer> each : entered) {
                total += each.get(30, TimeUnit.SECONDS);
            }
            assertThat(total).isEqualTo(1_000);
            assertThat(addresses.enter(1, 0)).isEqualTo(Answer.FULL);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void letsAnAddressComeAsOftenAsTheRateSaysAndNotOnceMore() {
        Addresses addresses = new Addresses(0, 2);
        for (int i = 0; i < 10; i++) {
            assertThat(addresses.enter(1, SECOND)).isEqualTo(Answer.ENTERED);
            addresses.leave(1, SECOND);
        }

        assertThat(addresses.enter(1, SECOND)).isEqualTo(Answer.TOO_OFTEN);
        assertThat(addresses.enter(2, SECOND)).isEqualTo(Answer.ENTERED);
        assertThat(addresses.enter(1, SECOND + SECOND / 2 - 1)).isEqualTo(Answer.TOO_OFTEN);
        assertThat(addresses.enter(1, SECOND + SECOND / 2)).isEqualTo(Answer.ENTERED);
        assertThat(addresses.enter(1, SECOND + SECOND / 2)).isEqualTo(Answer.TOO_OFTEN);
    }

    @Test
    void takesNothingFromTheBucketOfOneWhoIsRefused() {
        Addresses addresses = new Addresses(1, 1);
        addresses.enter(1, 0);
        for (int i = 0; i < 100; i++) {
            assertThat(addresses.enter(1, 0)).isEqualTo(Answer.FULL);
        }
        addresses.leave(1, 0);

        for (int i = 0; i < 4; i++) {
            assertThat(addresses.enter(1, 0)).isEqualTo(Answer.ENTERED);
            addresses.leave(1, 0);
        }
        assertThat(addresses.enter(1, 0)).isEqualTo(Answer.TOO_OFTEN);
    }

    @Test
    void keepsAnAddressWhileItHasConnectionsOrItsBucketIsNotFull() {
        Addresses addresses = new Addresses(0, 1);
        addresses.enter(1, 0);
        addresses.enter(1, 0);
        addresses.enter(2, 0);
        addresses.leave(2, 0);

        addresses.sweep(SECOND - 1);
        assertThat(addresses.size()).isEqualTo(2);
        addresses.sweep(SECOND);
        assertThat(addresses.size()).isEqualTo(1);
        addresses.leave(1, SECOND);
        addresses.sweep(3 * SECOND);
        assertThat(addresses.size()).isEqualTo(1);
        addresses.leave(1, 3 * SECOND);
        assertThat(addresses.size()).isZero();
    }

    @Test
    void tellsAddressesOfIpv4Apart() {
        assertThat(key("192.0.2.1")).isNotEqualTo(key("192.0.2.2")).isNotEqualTo(key("193.0.2.1"));
        assertThat(key("255.255.255.255")).isNotEqualTo(key("255.255.255.254"));
    }

    @Test
    void countsTheFirst64BitsOfIpv6() {
        assertThat(key("2001:db8:1:2::1"))
                .isEqualTo(key("2001:db8:1:2:ffff:ffff:ffff:ffff"))
                .isNotEqualTo(key("2001:db8:1:3::1"));
        assertThat(key("::1")).isNotEqualTo(key("0.0.0.0"));
    }

    @Test
    void takesIpv4InTheFormOfIpv6ForWhatItIs() throws UnknownHostException {
        byte[] mapped = new byte[16];
        mapped[10] = mapped[11] = (byte) 0xff;
        System.arraycopy(InetAddress.getByName("192.0.2.1").getAddress(), 0, mapped, 12, 4);
        InetAddress address = Inet6Address.getByAddress(null, mapped, -1);

        assertThat(address).isInstanceOf(Inet6Address.class);
        assertThat(Addresses.keyOf(new InetSocketAddress(address, 1))).isEqualTo(key("192.0.2.1"));
    }
}
