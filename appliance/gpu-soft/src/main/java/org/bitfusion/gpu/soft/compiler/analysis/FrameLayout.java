package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import org.bitfusion.ptx.Register;

/// Where registers that live across cuts are kept between regions: one array per register, indexed
/// by thread.
public final class FrameLayout {
    private final int[] slots;
    private final EnumMap<ValueKind, Integer> counts = new EnumMap<>(ValueKind.class);

    /// @param kinds how each register is held, by register number; the carry flag last
    public FrameLayout(
            List<Region> regions, Liveness liveness, UniformValues uniform, List<ValueKind> kinds) {
        slots = new int[kinds.size()];
        java.util.Arrays.fill(slots, -1);
        BitSet kept = new BitSet();
        for (Region region : regions) {
            if (region.cut() != null) {
                kept.or(liveness.liveIn(region.start()));
            }
        }
        kept.andNot(uniform.all());
        kept.stream()
                .forEach(number ->
                        slots[number] = counts.merge(kinds.get(number), 1, Integer::sum) - 1);
    }

    public boolean isKept(int register) {
        return slots[register] >= 0;
    }

    /// Index of the array among those of the register's kind; -1 when the register does not live
    /// across a cut.
    public int slot(int register) {
        return slots[register];
    }

    /// Arrays of a kind.
    public int count(ValueKind kind) {
        return counts.getOrDefault(kind, 0);
    }

    /// How the registers and the carry flag are held.
    public static List<ValueKind> kindsOf(List<Register> registers) {
        java.util.ArrayList<ValueKind> kinds = new java.util.ArrayList<>();
        registers.forEach(register -> kinds.add(ValueKind.of(register)));
        kinds.add(ValueKind.INT);
        return kinds;
    }
}
