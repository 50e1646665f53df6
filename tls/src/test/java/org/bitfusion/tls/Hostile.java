package org.bitfusion.tls;

import static org.assertj.core.api.Assertions.fail;

import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;

/// Decoders against input that no honest side sends: only the declared exception, and no cut text
/// is taken for a whole one.
public final class Hostile {
    private static final long SEED = 20260101;

    private Hostile() {}

    /// Every prefix of a good input is refused.
    ///
    /// @param tail so many last bytes may be missing: line ends
    public static void cutAtEveryLength(byte[] good, int tail, Consumer<byte[]> decoder) {
        decoder.accept(good);
        for (int length = 0; length < good.length - tail; length++) {
            if (accepts(Arrays.copyOf(good, length), decoder)) {
                fail("accepted when cut to %d of %d bytes", length, good.length);
            }
        }
    }

    /// A good input with bytes changed, and plain random bytes, end in an answer or in the
    /// exception.
    public static void randomBytes(byte[] good, int times, Consumer<byte[]> decoder) {
        Random random = new Random(SEED);
        for (int time = 0; time < times; time++) {
            byte[] bytes = good.clone();
            int changes = 1 + random.nextInt(4);
            for (int change = 0; change < changes; change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            accepts(bytes, decoder);
            byte[] noise = new byte[random.nextInt(2 * good.length)];
            random.nextBytes(noise);
            accepts(noise, decoder);
        }
    }

    /// Whether it was accepted; any exception but the declared one fails the test.
    public static boolean accepts(byte[] bytes, Consumer<byte[]> decoder) {
        try {
            decoder.accept(bytes);
            return true;
        } catch (TlsException _) {
            return false;
        }
    }
}
