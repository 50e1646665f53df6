package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A value as a sum: a constant and multiples of terms. Never wraps around: addresses of shared
/// memory are small.
///
/// @param terms no factor is 0
record AddressForm(Map<Term, Long> terms, long constant) {
    static final AddressForm ZERO = new AddressForm(Map.of(), 0);

    /// Longer sums are not followed.
    private static final int LONGEST = 10;

    static AddressForm of(long constant) {
        return new AddressForm(Map.of(), constant);
    }

    static AddressForm of(Term term) {
        return new AddressForm(Map.of(term, 1L), 0);
    }

    boolean isConstant() {
        return terms.isEmpty();
    }

    boolean isTooLong() {
        return terms.size() > LONGEST;
    }

    boolean isOnly(Term term) {
        return terms.size() == 1 && terms.containsKey(term) && constant == 0;
    }

    long factor(Term term) {
        return terms.getOrDefault(term, 0L);
    }

    AddressForm plus(AddressForm other, long times) {
        if (times == 0) {
            return this;
        }
        Map<Term, Long> sum = new HashMap<>(terms);
        other.terms.forEach((term, factor) -> sum.merge(term, times * factor, AddressForm::sum));
        return new AddressForm(Map.copyOf(sum), constant + times * other.constant);
    }

    private static @Nullable Long sum(long one, long other) {
        return one + other == 0 ? null : Long.valueOf(one + other);
    }

    AddressForm minus(AddressForm other) {
        return plus(other, -1);
    }

    AddressForm times(long by) {
        return by == 0 ? ZERO : ZERO.plus(this, by);
    }

    /// With `value` in the place of `term`.
    AddressForm with(Term term, AddressForm value) {
        long factor = factor(term);
        return factor == 0 ? this : minus(of(term).times(factor)).plus(value, factor);
    }

    /// The terms that both have with the same factor, but no merges of `block`.
    AddressForm common(AddressForm other, Block block) {
        Map<Term, Long> both = new HashMap<>();
        terms.forEach((term, factor) -> {
            if (factor == other.factor(term) && !term.isMergeOf(block)) {
                both.put(term, factor);
            }
        });
        return new AddressForm(Map.copyOf(both), 0);
    }

    /// Something that covers both values; null when that says nothing.
    ///
    /// Used where one access is pending from several rounds of a loop: what differs between two
    /// rounds may come any number of times.
    @Nullable AddressForm covering(AddressForm other) {
        AddressForm difference = other.minus(this);
        long any = Math.abs(difference.constant);
        long blocks = 0;
        for (Map.Entry<Term, Long> entry : difference.terms.entrySet()) {
            switch (entry.getKey().kind()) {
                case ANY -> any = greatestDivisor(any, entry.getValue());
                case BLOCK_SIZE, ANY_BLOCKS -> {
                    if (entry.getKey().first() != 0) {
                        return null;
                    }
                    blocks = greatestDivisor(blocks, entry.getValue());
                }
                default -> {
                    return null;
                }
            }
        }
        return widened(Term.ANY, any).widened(Term.ANY_BLOCKS, blocks);
    }

    private AddressForm widened(Term term, long by) {
        long present = factor(term);
        long wide = greatestDivisor(present, by);
        return plus(of(term), wide - present);
    }

    static long greatestDivisor(long one, long other) {
        long a = Math.abs(one);
        long b = Math.abs(other);
        while (b != 0) {
            long rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    }
}
