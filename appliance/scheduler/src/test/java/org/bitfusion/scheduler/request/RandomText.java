package org.bitfusion.scheduler.request;

import java.util.Random;

/// Texts that nobody would write.
final class RandomText {
    private static final int LENGTH_LIMIT = 24;

    private RandomText() {}

    /// Mostly of the given letters, at times of any.
    static String of(Random random, String letters) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(LENGTH_LIMIT);
        for (int i = 0; i < length; i++) {
            text.append(
                    random.nextInt(50) == 0
                            ? (char) random.nextInt(Character.MAX_VALUE + 1)
                            : letters.charAt(random.nextInt(letters.length())));
        }
        return text.toString();
    }
}
