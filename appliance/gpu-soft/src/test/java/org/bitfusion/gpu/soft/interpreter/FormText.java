package org.bitfusion.gpu.soft.interpreter;

import java.util.List;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Text of a kernel that holds one instruction of a given form, with operands of the right kinds.
final class FormText {
    private static final String DECLARATIONS =
            """
            .version 8.5
            .target sm_80
            .address_size 64
            .global .align 16 .b8 data[64];
            .const .align 16 .b8 fixed[64];
            .func f() { ret; }
            .visible .entry k(.param .align 16 .b8 p[64]) {
            .reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<20>; .reg .f32 %f<20>;
            .reg .b64 %rd<20>; .reg .f64 %d<9>;
            .shared .align 16 .b8 common[64];
            .local .align 16 .b8 own[64];
            .param .align 16 .b8 passed[64];
            """;

    private FormText() {}

    static String kernel(String form) {
        return DECLARATIONS + form + " " + operands(form) + ";\nlabel: ret; }\n";
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

    private static String operands(String form) {
        Operation operation = Operation.of(form);
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
            case SETP -> "%p1, " + a + ", " + b + (combines(operation) ? ", %p2" : "");
            case SET -> d + ", " + register(types.get(1), 2) + ", " + register(types.get(1), 3);
            case CVT -> d + ", " + register(types.get(1), 2);
            case MUL, MAD, MAD24, MUL24 -> product(operation, type);
            case ADD, ADDC, SUB, SUBC, DIV, REM, MIN, MAX, COPYSIGN, AND, OR, XOR ->
                    d + ", " + a + ", " + b;
            case SHL, SHR, BMSK, SZEXT -> d + ", " + a + ", %r3";
            case FMA, SAD, PRMT, SHF, DP4A, DP2A, MADC, FNS ->
                    d + ", " + a + ", " + b + ", " + register(type, 4);
            case BFE -> d + ", " + a + ", %r3, %r4";
            case BFI -> d + ", " + a + ", " + b + ", %r4, %r5";
            case LOP3 -> "%r1, %r2, %r3, %r4, 0xE8";
            case SELP, SLCT -> d + ", " + a + ", " + b + ", %p1";
            case POPC, CLZ, BFIND -> "%r1, " + a;
            case TESTP -> "%p1, " + a;
            case SHFL -> "%r1|%p1, %r2, %r3, 31, -1";
            case VOTE -> (operation.has(Modifier.Vote.BALLOT) ? "%r1" : "%p1") + ", %p2, -1";
            case MATCH -> "%r1, " + a + ", -1";
            case REDUX -> "%r1, %r2, -1";
            case ACTIVEMASK -> "%r1";
            case BAR -> barrier(operation);
            case NANOSLEEP -> "%r1";
            case PREFETCH -> "[%rd1]";
            case VABSDIFF4 -> "%r1, %r2, %r3, %r4";
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
            case SHARED -> "[common+16]";
            case LOCAL -> "[own]";
            case CONST -> "[fixed]";
            case GLOBAL -> "[data]";
            default -> "[%rd9]";
        };
    }
}
