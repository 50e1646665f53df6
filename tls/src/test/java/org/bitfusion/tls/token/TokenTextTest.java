package org.bitfusion.tls.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsException;
import org.junit.jupiter.api.Test;

class TokenTextTest {
    private final TokenText token =
            TokenText.random(
                    new TokenId("CA7WPsj"), new PoolId("0123456789abcdef"), new SecureRandom());

    @Test
    void whatWasRevealedIsRead() {
        TokenText read = TokenText.parse(" " + token.reveal() + "\n");
        assertThat(read.id()).isEqualTo(token.id());
        assertThat(read.pool()).isEqualTo(token.pool());
        assertThat(read.secret()).isEqualTo(token.secret());
        assertThat(token.reveal()).matches("CA7WPsj\\.0123456789abcdef\\.[A-Za-z0-9_-]{48}");
    }

    @Test
    void aTextThatWasCutAnywhereIsMalformedNotWrong() {
        Hostile.cutAtEveryLength(
                token.reveal().getBytes(StandardCharsets.US_ASCII), 0, TokenTextTest::parse);
    }

    @Test
    void aMistypedCharacterIsNoticed() {
        String text = token.reveal();
        for (int at = 0; at < text.length(); at++) {
            char other = text.charAt(at) == 'a' ? 'b' : 'a';
            String mistyped = text.substring(0, at) + other + text.substring(at + 1);
            assertThat(
                            Hostile.accepts(
                                    mistyped.getBytes(StandardCharsets.US_ASCII),
                                    TokenTextTest::parse))
                    .as(mistyped)
                    .isFalse();
        }
    }

    @Test
    void randomTextEndsInTheDeclaredException() {
        Hostile.randomBytes(
                token.reveal().getBytes(StandardCharsets.US_ASCII), 5_000, TokenTextTest::parse);
    }

    @Test
    void theMessageDoesNotRepeatTheText() {
        assertThatThrownBy(() -> TokenText.parse(token.reveal() + "x"))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith("[BF-7400]")
                .hasMessageNotContaining(token.reveal().substring(25));
    }

    private static void parse(byte[] bytes) {
        TokenText.parse(new String(bytes, StandardCharsets.ISO_8859_1));
    }
}
