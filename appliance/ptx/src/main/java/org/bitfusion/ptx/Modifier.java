package org.bitfusion.ptx;

/// One dotted word of an instruction that is neither the opcode nor a type. `text()` is its
/// spelling without the dot.
public sealed interface Modifier {
    String text();

    /// Rounding to nearest even, to zero, down, up; `RNA`: nearest, ties away; the `I` forms round
    /// to an integer.
    enum Rounding implements Modifier {
        RN,
        RZ,
        RM,
        RP,
        RNA,
        RNI,
        RZI,
        RMI,
        RPI;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Comparisons of set and setp; the `U` forms are true when an operand is NaN; LO…HS are
    /// unsigned.
    enum Comparison implements Modifier {
        EQ,
        NE,
        LT,
        LE,
        GT,
        GE,
        LO,
        LS,
        HI,
        HS,
        EQU,
        NEU,
        LTU,
        LEU,
        GTU,
        GEU,
        NUM,
        NAN;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// What set and setp do with their additional predicate.
    enum Combination implements Modifier {
        AND,
        OR,
        XOR;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// The operation of atom, red, redux, bar.red and the second operation of video instructions.
    enum Reduction implements Modifier {
        AND,
        OR,
        XOR,
        ADD,
        INC,
        DEC,
        MIN,
        MAX,
        EXCH,
        CAS,
        POPC;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Ordering of a memory access; absent means weak.
    enum Semantics implements Modifier {
        WEAK,
        VOLATILE,
        RELAXED,
        ACQUIRE,
        RELEASE,
        ACQ_REL,
        SC,
        MMIO;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// The set of threads that an ordering holds for (`membar.gl` reads as GPU).
    enum Scope implements Modifier {
        CTA,
        CLUSTER,
        GPU,
        SYS;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Cache operators: without meaning for a software GPU.
    enum Caching implements Modifier {
        CA,
        CG,
        CS,
        LU,
        CV,
        WB,
        WT;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Elements moved by a vector access.
    enum VectorWidth implements Modifier {
        V2(2),
        V4(4),
        V8(8);

        private final int count;

        VectorWidth(int count) {
            this.count = count;
        }

        public int count() {
            return count;
        }

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// The part of a product that mul, mad and dp2a keep or use.
    enum Part implements Modifier {
        LO,
        HI,
        WIDE;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// What shf, bmsk and szext do with large counts.
    enum CountMode implements Modifier {
        WRAP,
        CLAMP;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Direction of shf.
    enum Direction implements Modifier {
        L,
        R;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Modes of prmt.
    enum Permutation implements Modifier {
        F4E,
        B4E,
        RC8,
        RC16,
        ECL,
        ECR;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Modes of shfl.
    enum Shuffle implements Modifier {
        UP,
        DOWN,
        BFLY,
        IDX;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Modes of vote and match.
    enum Vote implements Modifier {
        ALL,
        ANY,
        UNI,
        BALLOT;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// What a thread does at bar and barrier.
    enum Barrier implements Modifier {
        SYNC,
        ARRIVE,
        RED;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// What testp asks.
    enum Property implements Modifier {
        FINITE,
        INFINITE,
        NUMBER,
        NOTANUMBER,
        NORMAL,
        SUBNORMAL;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// The state space of an access as a modifier.
    record InSpace(StateSpace space) implements Modifier {
        @Override
        public String text() {
            return space.text();
        }
    }

    /// What the product of vmad is shifted right by.
    enum Scale implements Modifier {
        SHR7(7),
        SHR15(15);

        private final int count;

        Scale(int count) {
            this.count = count;
        }

        public int count() {
            return count;
        }

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// What cvt.pack narrows to, where that is less than a byte.
    enum Narrow implements Modifier {
        U4,
        S4,
        U2,
        S2;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// The part of an operand that a scalar video instruction means (`%r1.b0`), or that vmad
    /// negates it. It stands among the modifiers as `a_b0`, so that the form alone tells what to
    /// do.
    ///
    /// @param operand `d`, `a`, `b` or `c`
    /// @param part `b0` to `b3`, `h0`, `h1` or `neg`
    record Selector(char operand, String part) implements Modifier {
        @Override
        public String text() {
            return operand + "_" + part;
        }
    }

    /// Modifiers that are present or absent.
    enum Flag implements Modifier {
        FTZ,
        SAT,
        SATFINITE,
        RELU,
        APPROX,
        FULL,
        /// Writes (add.cc…) the carry.
        CC,
        UNI,
        TO,
        /// `.NaN` of min and max: NaN wins.
        NAN_RESULT,
        XORSIGN,
        ABS,
        NC,
        SHIFTAMT,
        SYNC,
        WARP,
        ALIGNED,
        NOFTZ,
        /// Any eviction, prefetch-size or cache-policy hint; the policy operand, if any, is the
        /// last one.
        CACHE_HINT,
        PROXY,
        /// Of fence.proxy: which proxy.
        ALIAS,
        ASYNC,
        /// `pmevent.mask`.
        MASK,
        /// `cvt.pack`.
        PACK,
        /// `vmad.po`: the sum is one more.
        PO;

        @Override
        public String text() {
            return Spelling.of(this);
        }
    }

    /// Lower-case spelling of a constant; the constants name themselves as PTX does.
    final class Spelling {
        private Spelling() {}

        static String of(Enum<?> constant) {
            return constant.name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
