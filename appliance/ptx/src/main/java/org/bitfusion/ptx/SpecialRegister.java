package org.bitfusion.ptx;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A read-only special register.
///
/// @param index dimension (0 x, 1 y, 2 z, 3 w) of the vector ones, number of `%envreg`, else 0
public record SpecialRegister(Name name, int index) implements Operand {

    /// The special registers of the PTX ISA that can be read here.
    public enum Name {
        TID(4),
        NTID(4),
        CTAID(4),
        NCTAID(4),
        CLUSTERID(4),
        NCLUSTERID(4),
        CLUSTER_CTAID(4),
        CLUSTER_NCTAID(4),
        LANEID,
        WARPID,
        NWARPID,
        SMID,
        NSMID,
        GRIDID,
        LANEMASK_EQ,
        LANEMASK_LE,
        LANEMASK_LT,
        LANEMASK_GE,
        LANEMASK_GT,
        CLOCK,
        CLOCK_HI,
        CLOCK64,
        GLOBALTIMER,
        GLOBALTIMER_LO,
        GLOBALTIMER_HI,
        TOTAL_SMEM_SIZE,
        AGGR_SMEM_SIZE,
        DYNAMIC_SMEM_SIZE,
        CLUSTER_CTARANK,
        CLUSTER_NCTARANK,
        IS_EXPLICIT_CLUSTER,
        /// Counters of performance events, which nothing counts here.
        PM(8),
        PM_64(8),
        ENVREG(32);

        private final int count;

        Name() {
            this(1);
        }

        Name(int count) {
            this.count = count;
        }
    }

    private static final int ALL = -1;
    private static final Map<String, SpecialRegister> BY_TEXT = new HashMap<>();

    static {
        for (Name name : Name.values()) {
            String text = "%" + name.name().toLowerCase(Locale.ROOT);
            for (int index = 0; index < name.count; index++) {
                String suffix =
                        switch (name.count) {
                            case 1 -> "";
                            case 4 -> "." + "xyzw".charAt(index);
                            default -> Integer.toString(index);
                        };
                String spelled = name == Name.PM_64 ? "%pm" + index + "_64" : text + suffix;
                BY_TEXT.put(spelled, new SpecialRegister(name, index));
            }
            if (name.count == 4) {
                BY_TEXT.put(text, new SpecialRegister(name, ALL));
            }
        }
    }

    /// Whether all four dimensions are meant (`%tid`); only a vector move may have it.
    boolean isVector() {
        return index == ALL;
    }

    /// One dimension of a vector.
    SpecialRegister dimension(int dimension) {
        return new SpecialRegister(name, dimension);
    }

    static @Nullable SpecialRegister find(String text) {
        return BY_TEXT.get(text);
    }
}
