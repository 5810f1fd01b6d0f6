package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client's offers of extensions are answered with. */
final class ExtensionOffersTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "permessage-deflate | WIDE",
                "permessage-deflate; client_max_window_bits | WIDE",
                "permessage-deflate;client_max_window_bits=8 | WIDE",
                "permessage-deflate; client_no_context_takeover; server_no_context_takeover | WIDE",
                "permessage-deflate; server_max_window_bits=15 | WIDE_NAMED",
                "permessage-deflate; server_max_window_bits=\"15\" | WIDE_NAMED",
                "permessage-deflate; server_max_window_bits=\"1\\5\" | WIDE_NAMED",
                "permessage-deflate; server_max_window_bits=14 | NARROW",
                "permessage-deflate; server_max_window_bits=9 ; client_max_window_bits | NARROW",
                "permessage-deflate\t;\tserver_max_window_bits = 9 | NARROW",
            })
    void anOfferThatCanBeKeptIsAccepted(String header, Agreement agreement) {
        assertThat(ExtensionOffers.answer(List.of(header))).contains(agreement);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "permessage-deflate; server_max_window_bits=8",
                "permessage-deflate; server_max_window_bits=7",
                "permessage-deflate; server_max_window_bits=16",
                "permessage-deflate; server_max_window_bits=09",
                "permessage-deflate; server_max_window_bits=0",
                "permessage-deflate; server_max_window_bits=010",
                "permessage-deflate; server_max_window_bits=100000000000",
                "permessage-deflate; server_max_window_bits=ten",
                "permessage-deflate; server_max_window_bits",
                "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
                "permessage-deflate; server_max_window_bits=10; server_max_window_bits",
                "permessage-deflate; client_max_window_bits=7",
                "permessage-deflate; client_max_window_bits=16",
                "permessage-deflate; client_max_window_bits=1.5",
                "permessage-deflate; client_max_window_bits; client_max_window_bits",
                "permessage-deflate; client_max_window_bits=9; client_max_window_bits=10",
                "permessage-deflate; server_no_context_takeover=1",
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                "permessage-deflate; client_no_context_takeover=true",
                "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                "permessage-deflate; mux",
                "permessage-deflate; Server_No_Context_Takeover",
                "Permessage-Deflate",
                "permessage-bzip2",
                "x-webkit-deflate-frame, deflate-stream",
            })
    void anOfferThatCannotBeKeptIsDeclined(String header) {
        assertThat(ExtensionOffers.answer(List.of(header))).contains(Agreement.PLAIN);
    }

    @Test
    void theFirstOfferThatCanBeKeptIsAccepted() {
        assertThat(ExtensionOffers.answer(List.of("permessage-deflate; server_max_window_bits=8, permessage-deflate;"
                        + " server_max_window_bits=10 ,, permessage-deflate")))
                .contains(Agreement.NARROW);
        assertThat(ExtensionOffers.answer(List.of("mux", "permessage-deflate", "permessage-deflate; x")))
                .contains(Agreement.WIDE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " , ",
                ";",
                "permessage-deflate;",
                "permessage-deflate; ;",
                "permessage-deflate; =10",
                "permessage-deflate; server_max_window_bits=",
                "permessage-deflate; server_max_window_bits=\"\"",
                "permessage-deflate; server_max_window_bits=\"10",
                "permessage-deflate; server_max_window_bits=\"10\\",
                "permessage-deflate; server_max_window_bits=\"1 0\"",
                "permessage-deflate; server_max_window_bits=10 10",
                "permessage-deflate server_max_window_bits=10",
                "permessage-deflate=1",
                "permessage-deflate, b@d",
                "\"permessage-deflate\"",
                "permessage-dÃ©flate",
            })
    void aHeaderThatIsNotWellFormedIsNotAnswered(String header) {
        assertThat(ExtensionOffers.answer(List.of(header))).isEmpty();
        assertThat(ExtensionOffers.answer(List.of("permessage-deflate", header)))
                .isEmpty();
    }

    @Test
    void nothingIsAgreedWithAClientThatOffersNothing() {
        assertThat(ExtensionOffers.answer(List.of())).contains(Agreement.PLAIN);
    }
}
