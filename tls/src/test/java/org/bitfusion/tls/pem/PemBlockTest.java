package org.bitfusion.tls.pem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.TlsException;
import org.junit.jupiter.api.Test;

class PemBlockTest {
    private static final String TEXT = new PemBlock("THING", new byte[100]).text();

    @Test
    void blocksAreReadInTheirOrderAndTextBetweenThemIsPassedOver() {
        List<PemBlock> blocks =
                PemBlock.readAll(
                        "subject=CN = x\n"
                                + new PemBlock("A", new byte[] {1}).text()
                                + "\nmore words\r\n"
                                + new PemBlock("B C", new byte[70]).text().replace("\n", "\r\n"));
        assertThat(blocks).extracting(PemBlock::label).containsExactly("A", "B C");
        assertThat(blocks.get(1).content()).isEqualTo(new byte[70]);
    }

    @Test
    void aTextCutWithinABlockIsRefused() {
        byte[] good = TEXT.getBytes(StandardCharsets.US_ASCII);
        Hostile.cutAtEveryLength(
                good,
                1,
                bytes -> {
                    if (PemBlock.readAll(new String(bytes, StandardCharsets.US_ASCII)).isEmpty()) {
                        throw new TlsException(
                                org.bitfusion.tls.TlsError.PEM_MALFORMED, "no block at all");
                    }
                });
    }

    @Test
    void randomBytesEndInTheDeclaredException() {
        Hostile.randomBytes(
                TEXT.getBytes(StandardCharsets.US_ASCII),
                5_000,
                bytes -> PemBlock.readAll(new String(bytes, StandardCharsets.ISO_8859_1)));
    }

    @Test
    void aMessageNamesTheLine() {
        assertThatThrownBy(() -> PemBlock.readAll("\n\n-----BEGIN A-----\nAAAA\n"))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("line 3");
    }

    @Test
    void aBlockDoesNotPrintItsContent() {
        assertThat(new PemBlock("PRIVATE KEY", new byte[] {1, 2, 3}))
                .hasToString("PemBlock[PRIVATE KEY, 3 bytes]");
    }
}
