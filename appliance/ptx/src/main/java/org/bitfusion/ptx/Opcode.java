package org.bitfusion.ptx;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The operations that this module understands. `destinations` says how many of the first operands
/// are written (0 or 1; a pair `d|p` is one operand). Everything else parses to [#UNSUPPORTED].
public enum Opcode {
    ADD,
    ADDC,
    SUB,
    SUBC,
    MUL,
    MAD,
    MADC,
    MUL24,
    MAD24,
    SAD,
    DIV,
    REM,
    ABS,
    NEG,
    MIN,
    MAX,
    POPC,
    CLZ,
    BFIND,
    FNS,
    BREV,
    BFE,
    BFI,
    SZEXT,
    BMSK,
    DP4A,
    DP2A,
    TESTP,
    COPYSIGN,
    FMA,
    RCP,
    SQRT,
    RSQRT,
    SIN,
    COS,
    LG2,
    EX2,
    TANH,
    SET,
    SETP,
    SELP,
    SLCT,
    AND,
    OR,
    XOR,
    NOT,
    CNOT,
    LOP3,
    SHF,
    SHL,
    SHR,
    MOV,
    SHFL,
    PRMT,
    LD,
    LDU,
    ST(0),
    PREFETCH(0),
    PREFETCHU(0),
    DISCARD(0),
    APPLYPRIORITY(0),
    ISSPACEP,
    CVTA,
    CVT,
    /// In-block branch; the only operand is a label.
    BRA(0),
    /// Indexed branch: register, branch targets.
    BRX(0),
    /// `call`: see [Operand.Call].
    CALL(0),
    RET(0),
    EXIT(0),
    TRAP(0),
    BRKPT(0),
    /// `bar.sync`, `bar.arrive`, `bar.red`, `barrier…`, `bar.warp.sync` (flag WARP).
    BAR,
    MEMBAR(0),
    FENCE(0),
    ATOM,
    RED(0),
    VOTE,
    MATCH,
    ACTIVEMASK,
    REDUX,
    ELECT,
    NANOSLEEP(0),
    PMEVENT(0),
    GRIDDEPCONTROL(0),
    VADD2,
    VSUB2,
    VAVRG2,
    VABSDIFF2,
    VMIN2,
    VMAX2,
    VSET2,
    VADD4,
    VSUB4,
    VAVRG4,
    VABSDIFF4,
    VMIN4,
    VMAX4,
    VSET4,
    /// Scalar video instructions; which part of an operand is meant is a [Modifier.Selector].
    VADD,
    VSUB,
    VABSDIFF,
    VMIN,
    VMAX,
    VSHL,
    VSHR,
    VMAD,
    VSET,
    /// Makes a cache policy, which means nothing to a software GPU.
    CREATEPOLICY,
    ALLOCA,
    STACKSAVE,
    STACKRESTORE(0),
    /// An instruction, modifier or operand outside this module's knowledge; only the kernel that
    /// holds it fails.
    UNSUPPORTED(0);

    private static final Map<String, Opcode> BY_TEXT = new HashMap<>();

    static {
        for (Opcode opcode : values()) {
            if (opcode != UNSUPPORTED) {
                BY_TEXT.put(opcode.text(), opcode);
            }
        }
        BY_TEXT.put("barrier", BAR);
    }

    private final int destinations;

    Opcode() {
        this(1);
    }

    Opcode(int destinations) {
        this.destinations = destinations;
    }

    static @Nullable Opcode find(String text) {
        return BY_TEXT.get(text);
    }

    /// How many of the first operands the instruction writes. For BAR it is 1 only with
    /// `Barrier.RED` (use [Instruction#destinations()]).
    public int destinations() {
        return destinations;
    }

    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
