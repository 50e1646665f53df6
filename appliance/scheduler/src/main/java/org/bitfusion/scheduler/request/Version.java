package org.bitfusion.scheduler.request;

import java.util.Optional;

/// Numbers separated by points, compared one after the other: `11.10` is newer than `11.9`; a
/// missing number is 0, so `12` is `12.0`.
final class Version {
    private static final int LENGTH_LIMIT = 8;
    private static final int DIGITS_LIMIT = 9;

    private final int[] numbers;

    private Version(int[] numbers) {
        this.numbers = numbers;
    }

    /// Empty if the text is no version.
    static Optional<Version> parse(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length > LENGTH_LIMIT) {
            return Optional.empty();
        }
        int[] numbers = new int[parts.length];
        for (int i = 0; i < parts.length; i++) {
            String part = parts[i];
            if (part.isEmpty()
                    || part.length() > DIGITS_LIMIT
                    || !part.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Optional.empty();
            }
            numbers[i] = Integer.parseInt(part);
        }
        return Optional.of(new Version(numbers));
    }

    int compare(Version other) {
        int length = Math.max(numbers.length, other.numbers.length);
        for (int i = 0; i < length; i++) {
            int difference = Integer.compare(at(i), other.at(i));
            if (difference != 0) {
                return difference;
            }
        }
        return 0;
    }

    private int at(int i) {
        return i < numbers.length ? numbers[i] : 0;
    }
}
