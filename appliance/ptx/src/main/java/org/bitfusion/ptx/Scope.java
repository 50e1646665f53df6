package org.bitfusion.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The names of one `{ … }` of a body.
final class Scope {
    /// `.reg .b32 %r<86>`: the names %r0 … %r85.
    record Range(PtxType type, long count) {}

    /// A branch whose labels are not known yet.
    record Fixup(int instruction, List<String> labels, boolean table) {}

    final @Nullable Scope parent;
    final long callMark;
    final Map<String, Register> registers = new HashMap<>();
    final Map<String, PtxType> declared = new HashMap<>();
    final Map<String, Range> ranges = new HashMap<>();
    final Map<String, Variable> variables = new HashMap<>();
    final Map<String, Operand.Prototype> prototypes = new HashMap<>();
    final Map<String, List<String>> targets = new HashMap<>();
    final Map<String, Integer> labels = new HashMap<>();
    final List<Fixup> fixups = new ArrayList<>();

    Scope(@Nullable Scope parent, long callMark) {
        this.parent = parent;
        this.callMark = callMark;
    }

    /// The type of the register `name` when this scope itself declares it.
    @Nullable PtxType declaredType(String name) {
        PtxType exact = declared.get(name);
        if (exact != null || ranges.isEmpty()) {
            return exact;
        }
        int digits = name.length();
        while (digits > 0 && Character.digit(name.charAt(digits - 1), 10) >= 0) {
            digits--;
        }
        for (int split = Math.max(digits, name.length() - 9); split < name.length(); split++) {
            boolean leadingZero = name.charAt(split) == '0' && split < name.length() - 1;
            Range range = leadingZero ? null : ranges.get(name.substring(0, split));
            if (range != null && Long.parseLong(name.substring(split)) < range.count()) {
                return range.type();
            }
        }
        return null;
    }
}
