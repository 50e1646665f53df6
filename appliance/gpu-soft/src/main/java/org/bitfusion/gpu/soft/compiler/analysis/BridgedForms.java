package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.bitfusion.gpu.soft.execution.RegisterInstruction;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;

/// The forms of one kernel that another executor's steps carry out, called from generated code.
///
/// Which ones is found out by writing: when an emitter declines a form in the middle of a method,
/// the form is noted and the kernel is written again.
public final class BridgedForms {
    private final Set<String> forms = new HashSet<>();
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<RegisterInstruction> sites = new ArrayList<>();
    private final RegisterInstruction.Decoder decoder;

    BridgedForms(RegisterInstruction.Decoder decoder) {
        this.decoder = decoder;
    }

    /// The kernel must be written again, as one more form is bridged.
    public static final class Again extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public Again(String form) {
            super(form, null, false, false);
        }
    }

    /// True when the instruction is to be left to the other executor's step.
    public boolean contains(Instruction instruction) {
        return forms.contains(instruction.form());
    }

    /// Notes a form; false when it is noted already or is more than a function of registers.
    public boolean add(Instruction instruction) {
        return isFunction(instruction) && forms.add(instruction.form());
    }

    /// The number of an instruction on registers; the same text has the same number.
    public int number(String text, Supplier<RegisterInstruction> decode) {
        Integer known = numbers.get(text);
        if (known != null) {
            return known;
        }
        sites.add(decode.get());
        numbers.put(text, sites.size() - 1);
        return sites.size() - 1;
    }

    public RegisterInstruction decode(String text, List<String> sources, List<String> results) {
        return decoder.decode(text, sources, results);
    }

    /// By number.
    public List<RegisterInstruction> sites() {
        return List.copyOf(sites);
    }

    private static boolean isFunction(Instruction instruction) {
        if (instruction.operation().has(Modifier.Flag.CC)) {
            return false;
        }
        return switch (instruction.opcode()) {
            case ADD,
                    SUB,
                    MUL,
                    MAD,
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
                    PRMT,
                    CVT,
                    VADD,
                    VSUB,
                    VABSDIFF,
                    VMIN,
                    VMAX,
                    VSHL,
                    VSHR,
                    VMAD,
                    VSET,
                    VSET2,
                    VSET4 ->
                    true;
            default -> false;
        };
    }
}
