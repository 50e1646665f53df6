package org.bitfusion.gpu.soft.compiler;

import java.util.List;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// A kernel that executes one instruction of a given form on registers loaded from memory, and
/// stores all that the instruction may have changed.
final class FormKernel {
    /// Bytes of the data area that each thread reads and writes.
    static final int BYTES_PER_THREAD = 512;

    private static final String HEAD =
            """
            .version 8.5
            .target sm_80
            .address_size 64
            .global .align 16 .b8 data[65536];
            .const .align 16 .b8 fixed[64] = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,200,255,128,64,32,1,7,77};
            .func f() { ret; }
            .visible .entry k(.param .u64 p0, .param .align 16 .b8 p[64]) {
            .reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<20>; .reg .f32 %f<20>;
            .reg .b64 %rd<20>; .reg .f64 %d<9>;
            .shared .align 16 .b8 common[16384];
            .local .align 16 .b8 own[64];
            ld.param.u64 %rd19, [p0];
            mov.u32 %r19, %tid.x;
            mad.wide.u32 %rd19, %r19, 512, %rd19;
            """;

    private FormKernel() {}

    static String text(String form) {
        Operation operation = Operation.of(form);
        StringBuilder text = new StringBuilder(HEAD);
        for (int index = 1; index <= 4; index++) {
            text.append("ld.global.u32 %%r%d, [%%rd19+%d];\n".formatted(index, 4 * index));
            text.append("ld.global.f32 %%f%d, [%%rd19+%d];\n".formatted(index, 32 + 4 * index));
            text.append("ld.global.u64 %%rd%d, [%%rd19+%d];\n".formatted(index, 64 + 8 * index));
            text.append("ld.global.f64 %%d%d, [%%rd19+%d];\n".formatted(index, 128 + 8 * index));
            text.append("ld.global.u16 %%h%d, [%%rd19+%d];\n".formatted(index, 192 + 2 * index));
            text.append("ld.global.u32 %%r18, [%%rd19+%d];\n".formatted(208 + 4 * index));
            text.append("and.b32 %r18, %r18, 1;\n");
            text.append("setp.ne.u32 %%p%d, %%r18, 0;\n".formatted(index));
        }
        text.append(setUp(operation));
        String operands = operands(operation);
        text.append(form).append(" ").append(operands).append(";\nlabel:\n");
        text.append(tearDown(operation));
        for (int index = 1; index <= 4; index++) {
            text.append("st.global.u32 [%%rd19+%d], %%r%d;\n".formatted(256 + 4 * index, index));
            text.append("st.global.f32 [%%rd19+%d], %%f%d;\n".formatted(288 + 4 * index, index));
            text.append("st.global.u64 [%%rd19+%d], %%rd%d;\n".formatted(320 + 8 * index, index));
            text.append("st.global.f64 [%%rd19+%d], %%d%d;\n".formatted(384 + 8 * index, index));
            text.append("st.global.u16 [%%rd19+%d], %%h%d;\n".formatted(440 + 2 * index, index));
            text.append("selp.u32 %%r18, 1, 0, %%p%d;\n".formatted(index));
            text.append("st.global.u32 [%%rd19+%d], %%r18;\n".formatted(456 + 4 * index));
        }
        return text.append("ret; }\n").toString();
    }

    /// Puts something where loads and atomics of the form's space look, and a true predicate where
    /// lanes must agree.
    private static String setUp(Operation operation) {
        if (operation.opcode() == Opcode.CVTA) {
            return "mov.u64 %rd2, 64;\n";
        }
        return switch (operation.space()) {
            case SHARED ->
                    """
                    shl.b32 %r17, %r19, 6;
                    mov.u32 %r16, common;
                    add.s32 %r17, %r17, %r16;
                    st.shared.u64 [%r17+16], %rd3;
                    st.shared.u64 [%r17+24], %rd4;
                    """;
            case LOCAL ->
                    """
                    mov.u64 %rd17, own;
                    st.local.u64 [%rd17], %rd3;
                    st.local.u64 [%rd17+8], %rd4;
                    """;
            default -> "";
        };
    }

    private static String tearDown(Operation operation) {
        return switch (operation.space()) {
            case SHARED ->
                    operation.opcode() == Opcode.CVTA
                            ? ""
                            : "ld.shared.v2.u64 {%rd3, %rd4}, [%r17+16];\n";
            case LOCAL ->
                    operation.opcode() == Opcode.CVTA
                            ? ""
                            : "ld.local.v2.u64 {%rd3, %rd4}, [%rd17];\n";
            default -> "";
        };
    }

    private static String register(PtxType type, int index) {
        return switch (type) {
            case PRED -> "%p" + index;
            case F32 -> "%f" + index;
            case F64 -> "%d" + index;
            default ->
                    switch (type.bits()) {
                        case 8, 16 -> "%h" + index;
                        case 64 -> "%rd" + index;
                        default -> "%r" + index;
                    };
        };
    }

    private static String operands(Operation operation) {
        List<PtxType> types = operation.types();
        PtxType type = types.isEmpty() ? PtxType.B32 : types.getFirst();
        String d = register(type, 1);
        String a = register(type, 2);
        String b = register(type, 3);
        return switch (operation.opcode()) {
            case BRA -> "label";
            case CALL -> "f";
            case RET, EXIT, TRAP, MEMBAR, FENCE -> "";
            case LD -> vector(operation, type, 1) + ", " + address(operation);
            case ST -> address(operation) + ", " + vector(operation, type, 1);
            case ATOM ->
                    d
                            + ", "
                            + address(operation)
                            + ", "
                            + a
                            + (operation.has(Modifier.Reduction.CAS) ? ", " + b : "");
            case RED -> address(operation) + ", " + a;
            case SETP -> "%p1|%p4, " + a + ", " + b + (combines(operation) ? ", %p2" : "");
            case SET ->
                    d
                            + ", "
                            + register(types.get(1), 2)
                            + ", "
                            + register(types.get(1), 3)
                            + (combines(operation) ? ", %p2" : "");
            case CVT -> {
                PtxType from = types.get(1);
                boolean pair = type.kind() == PtxType.Kind.PACKED_FLOAT;
                yield d + ", " + register(from, 2) + (pair ? ", " + register(from, 3) : "");
            }
            case MUL, MAD, MAD24, MUL24 -> product(operation, type);
            case ADD, ADDC, SUB, SUBC, DIV, REM, MIN, MAX, COPYSIGN, AND, OR, XOR ->
                    d + ", " + a + ", " + b;
            case SHL, SHR, BMSK, SZEXT -> d + ", " + a + ", %r3";
            case FMA, SAD, PRMT, SHF, DP4A, DP2A, MADC, FNS ->
                    d + ", " + a + ", " + b + ", " + register(type, 4);
            case BFE -> d + ", " + a + ", %r3, %r4";
            case BFI -> d + ", " + a + ", " + b + ", %r3, %r4";
            case LOP3 -> "%r1, %r2, %r3, %r4, 0xE8";
            case SELP -> d + ", " + a + ", " + b + ", %p1";
            case SLCT -> d + ", " + a + ", " + b + ", " + register(types.get(1), 4);
            case POPC, CLZ, BFIND -> "%r1, " + a;
            case TESTP -> "%p1, " + a;
            case SHFL -> "%r1|%p1, %r2, %r3, %r4, -1";
            case VOTE -> (operation.has(Modifier.Vote.BALLOT) ? "%r1" : "%p1") + ", %p2, -1";
            case MATCH -> "%r1, " + a + ", -1";
            case REDUX -> "%r1, %r2, -1";
            case ACTIVEMASK -> "%r1";
            case BAR -> barrier(operation);
            case NANOSLEEP -> "%r1";
            case PREFETCH -> "[%rd19]";
            case VADD2,
                    VSUB2,
                    VAVRG2,
                    VABSDIFF2,
                    VMIN2,
                    VMAX2,
                    VADD4,
                    VSUB4,
                    VAVRG4,
                    VABSDIFF4,
                    VMIN4,
                    VMAX4 ->
                    "%r1, %r2, %r3, %r4";
            case ISSPACEP -> "%p1, %rd19";
            case CVTA -> "%rd1, %rd2";
            default -> d + ", " + a;
        };
    }

    private static boolean combines(Operation operation) {
        return operation.modifier(Modifier.Combination.class).isPresent();
    }

    private static String product(Operation operation, PtxType type) {
        boolean wide = operation.has(Modifier.Part.WIDE);
        PtxType result = type;
        if (wide) {
            result = type.bits() == 16 ? PtxType.U32 : PtxType.U64;
        }
        String text = register(result, 1) + ", " + register(type, 2) + ", " + register(type, 3);
        boolean adds = operation.opcode() == Opcode.MAD || operation.opcode() == Opcode.MAD24;
        return adds ? text + ", " + register(result, 4) : text;
    }

    private static String barrier(Operation operation) {
        if (operation.has(Modifier.Flag.WARP)) {
            return "-1";
        }
        return operation.has(Modifier.Barrier.RED) ? "%p1, 0, %p2" : "0";
    }

    private static String vector(Operation operation, PtxType type, int first) {
        int width = operation.vectorWidth();
        if (width == 1) {
            return register(type, first);
        }
        StringBuilder text = new StringBuilder("{");
        for (int index = 0; index < width; index++) {
            text.append(index == 0 ? "" : ", ").append(register(type, first + index));
        }
        return text.append("}").toString();
    }

    private static String address(Operation operation) {
        boolean loads = operation.opcode() == Opcode.LD;
        return switch (operation.space()) {
            case PARAM -> loads ? "[p]" : "[passed+0]";
            case SHARED -> "[%r17+16]";
            case LOCAL -> "[%rd17]";
            case CONST -> "[fixed]";
            default -> loads ? "[%rd19+240]" : "[%rd19+480]";
        };
    }
}
