package org.bitfusion.gpu.soft.compiler;

import java.util.List;
import java.util.Random;

/// Writes a random kernel: arithmetic, divergent branches and loops, shared memory between
/// barriers, shuffles, votes, atomics, a called function with a barrier in it, registers that are
/// the same in all threads for a while. What it computes does not depend on the order of threads.
final class RandomKernel {
    private static final int INTS = 6;
    private static final int FLOATS = 4;
    private static final int LONGS = 3;
    private static final int SHARED_VALUES = 4;
    private static final int DEEPEST = 3;

    private final Random random;

    /// All lanes; in a register, so that only the run shows it, for some kernels.
    private final String members;

    private final StringBuilder text = new StringBuilder();
    private int labels;

    private RandomKernel(long seed) {
        this.random = new Random(seed);
        this.members = seed % 3 == 0 ? "%r19" : "-1";
    }

    static String text(long seed) {
        return new RandomKernel(seed).write();
    }

    private String write() {
        line(".version 8.5\n.target sm_80\n.address_size 64");
        line(".func (.param .b32 r) exchanged(.param .b32 a, .param .b64 at) {");
        line(".reg .b32 %x<4>; .reg .b64 %y<4>;");
        line("ld.param.u32 %x1, [a]; ld.param.u64 %y1, [at];");
        line("st.u32 [%y1], %x1; bar.sync 0; xor.b64 %y1, %y1, 4; ld.u32 %x2, [%y1];");
        line("bar.sync 0; st.param.b32 [r], %x2; ret; }");
        line(".visible .entry k(.param .u64 p0, .param .u32 p1) {");
        line(".reg .pred %p<8>; .reg .b32 %r<50>; .reg .f32 %f<20>; .reg .b64 %rd<30>;");
        line(".shared .align 16 .b8 common[4096]; .local .align 8 .b8 own[32];");
        line(".shared .align 4 .b8 cells[1024];");
        line("ld.param.u64 %rd20, [p0]; ld.param.u32 %r30, [p1];");
        line(
                "mov.u32 %r19, -1; mov.u32 %r20, %tid.x; mov.u32 %r21, %ntid.x; mov.u32 %r22, %tid.y;");
        line("mad.lo.s32 %r20, %r22, %r21, %r20; mov.u32 %r23, %ctaid.x;");
        line("mov.u32 %r28, %ntid.y; mul.lo.s32 %r29, %r21, %r28;");
        line("mad.lo.s32 %r24, %r23, %r29, %r20;");
        line("mad.wide.u32 %rd21, %r24, 64, %rd20;");
        line("mov.u32 %r25, common; shl.b32 %r26, %r20, 2; add.s32 %r25, %r25, %r26;");
        line("mov.u64 %rd22, own; cvta.local.u64 %rd23, %rd22; cvt.u64.u32 %rd24, %r25;");
        line("cvta.shared.u64 %rd24, %rd24;");
        line("shr.u32 %r41, %r20, 5; shl.b32 %r41, %r41, 3; add.s32 %r41, %r41, %r26;");
        line("mov.u32 %r42, cells; add.s32 %r41, %r41, %r42; add.s32 %r40, %r41, 4;");
        line("st.shared.u32 [%r40+-4], 0; st.shared.u32 [%r40+4], 0; st.shared.u32 [%r40], 0;");
        line("bar.sync 0;");
        for (int index = 0; index < INTS; index++) {
            line("ld.global.u32 %r" + index + ", [%rd21+" + 4 * index + "];");
        }
        for (int index = 0; index < FLOATS; index++) {
            line("ld.global.f32 %f" + index + ", [%rd21+" + (24 + 4 * index) + "];");
        }
        for (int index = 0; index < LONGS; index++) {
            line("ld.global.u64 %rd" + index + ", [%rd21+" + (40 + 8 * index) + "];");
        }
        for (int index = 0; index < 4; index++) {
            line("setp.lt.s32 %p" + index + ", %r" + index + ", %r" + (index + 1) + ";");
        }
        for (int index = 0; index < SHARED_VALUES; index++) {
            line("mov.u32 " + same(index) + ", " + random.nextInt(9) + ";");
        }
        statements(12 + random.nextInt(20), 0, true);
        for (int index = 0; index < SHARED_VALUES; index++) {
            line("add.s32 %r" + index + ", %r" + index + ", " + same(index) + ";");
        }
        for (int index = 0; index < INTS; index++) {
            line("st.global.u32 [%rd21+" + 4 * index + "], %r" + index + ";");
        }
        for (int index = 0; index < FLOATS; index++) {
            line("st.global.f32 [%rd21+" + (24 + 4 * index) + "], %f" + index + ";");
        }
        for (int index = 0; index < LONGS; index++) {
            line("st.global.u64 [%rd21+" + (40 + 8 * index) + "], %rd" + index + ";");
        }
        line("ret;\n}");
        return text.toString();
    }

    private void line(String code) {
        text.append(code).append('\n');
    }

    private String pick(List<String> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private String r() {
        return "%r" + random.nextInt(INTS);
    }

    private String f() {
        return "%f" + random.nextInt(FLOATS);
    }

    private String rd() {
        return "%rd" + random.nextInt(LONGS);
    }

    /// A register that holds the same value in all threads, until threads set it differently.
    private static String same(int index) {
        return "%r" + (10 + index);
    }

    private String same() {
        return same(random.nextInt(SHARED_VALUES));
    }

    private String p() {
        return "%p" + random.nextInt(4);
    }

    private void statements(int count, int depth, boolean uniform) {
        for (int index = 0; index < count; index++) {
            statement(depth, uniform);
        }
    }

    private void statement(int depth, boolean uniform) {
        int choice = random.nextInt(uniform ? 28 : 15);
        switch (choice) {
            case 0, 1 -> integer();
            case 2, 3 -> floating();
            case 4 -> wide();
            case 5 -> comparison();
            case 6 -> guarded();
            case 7 -> conversion();
            case 8 -> local();
            case 9 -> atomic();
            case 10 -> branch(depth, uniform);
            case 11 -> loop(depth, uniform);
            case 12 -> line("selp.b32 " + r() + ", " + r() + ", " + r() + ", " + p() + ";");
            case 13, 14 -> same(uniform);
            case 15, 16 -> shared();
            case 17, 18 -> shuffle();
            case 19 -> vote();
            case 20 -> barrierReduction();
            case 21 -> call();
            case 22 -> lockstep();
            case 23, 24, 25 -> neighbours();
            default -> uniformLoop(depth);
        }
    }

    private void integer() {
        String operation =
                pick(
                        List.of(
                                "add.s32",
                                "sub.s32",
                                "mul.lo.s32",
                                "and.b32",
                                "or.b32",
                                "xor.b32",
                                "min.s32",
                                "max.u32",
                                "mul.hi.u32",
                                "div.u32",
                                "rem.s32"));
        line(operation + " " + r() + ", " + r() + ", " + r() + ";");
        line("shl.b32 " + r() + ", " + r() + ", " + random.nextInt(34) + ";");
        line("shr.s32 " + r() + ", " + r() + ", " + r() + ";");
        line("mad.lo.s32 " + r() + ", " + r() + ", " + r() + ", " + r() + ";");
    }

    private void same(boolean uniform) {
        switch (random.nextInt(6)) {
            case 0 -> line("mad.lo.s32 " + same() + ", " + same() + ", 3, " + same() + ";");
            case 1 -> line("add.s32 " + same() + ", " + same() + ", %r30;");
            case 2 -> line("mov.u32 " + same() + ", " + random.nextInt(50) + ";");
            case 3 -> line("xor.b32 " + r() + ", " + r() + ", " + same() + ";");
            case 4 -> {
                line("setp.lt.u32 %p4, " + same() + ", " + random.nextInt(20) + ";");
                line("@%p4 add.s32 " + same() + ", " + same() + ", 7;");
            }
            default -> {
                if (random.nextInt(uniform ? 6 : 2) == 0) {
                    line("@" + p() + " add.s32 " + same() + ", " + same() + ", " + r() + ";");
                }
            }
        }
    }

    private void floating() {
        String operation = pick(List.of("add.f32", "mul.f32", "sub.f32", "min.f32", "max.f32"));
        line(operation + " " + f() + ", " + f() + ", " + f() + ";");
        line("fma.rn.f32 " + f() + ", " + f() + ", " + f() + ", " + f() + ";");
    }

    private void wide() {
        line("add.s64 " + rd() + ", " + rd() + ", " + rd() + ";");
        line("mul.wide.u32 " + rd() + ", " + r() + ", " + r() + ";");
        line("shr.u64 " + rd() + ", " + rd() + ", " + random.nextInt(70) + ";");
        line("mov.b64 {" + "%r0, %r1}, " + rd() + ";");
        line("add.cc.u32 %r2, %r2, %r3; addc.u32 %r4, %r4, %r5;");
    }

    private void comparison() {
        String how = pick(List.of("lt.s32", "ge.u32", "eq.s32", "ne.s32", "hi.u32"));
        line("setp." + how + " " + p() + ", " + r() + ", " + r() + ";");
        String ordered = pick(List.of("lt.f32", "gtu.f32", "neu.f32", "eq.f32"));
        line("setp." + ordered + " " + p() + ", " + f() + ", " + f() + ";");
        line("and.pred " + p() + ", " + p() + ", " + p() + ";");
    }

    private void guarded() {
        String guard = random.nextBoolean() ? "@" + p() : "@!" + p();
        line(guard + " add.s32 " + r() + ", " + r() + ", " + random.nextInt(100) + ";");
        line(guard + " st.global.u32 [%rd21+60], " + r() + ";");
    }

    private void conversion() {
        line("cvt.rn.f32.s32 " + f() + ", " + r() + ";");
        line("cvt.rzi.s32.f32 " + r() + ", " + f() + ";");
        line("cvt.s64.s32 " + rd() + ", " + r() + ";");
        line("cvt.u32.u8 " + r() + ", " + r() + ";");
    }

    private void local() {
        line("st.local.v2.u32 [%rd22+8], {" + r() + ", " + r() + "};");
        line("ld.u32 " + r() + ", [%rd23+12];");
        line("and.b32 %r31, " + r() + ", 28; cvt.u64.u32 %rd25, %r31;");
        line("add.s64 %rd25, %rd22, %rd25; st.local.u32 [%rd25], " + r() + ";");
        line("ld.local.u64 " + rd() + ", [%rd22+8];");
    }

    private void atomic() {
        List<String> operations = List.of("add.u32", "xor.b32", "max.s32", "min.u32", "or.b32");
        String operation = pick(operations);
        int word = 65536 * 3 + 4 * random.nextInt(8) + 64 * operations.indexOf(operation);
        line("red.global." + operation + " [%rd20+" + word + "], " + r() + ";");
    }

    private void branch(int depth, boolean uniform) {
        if (depth == DEEPEST) {
            return;
        }
        int label = labels++;
        boolean same = uniform && random.nextInt(3) == 0;
        if (same) {
            line("setp.lt.u32 %p5, %r30, " + random.nextInt(10) + ";");
        } else {
            line("setp.lt.s32 %p5, " + (random.nextBoolean() ? r() : same()) + ", " + r() + ";");
        }
        line("@%p5 bra ELSE" + label + ";");
        statements(1 + random.nextInt(4), depth + 1, same);
        line("bra END" + label + ";\nELSE" + label + ":");
        statements(random.nextInt(4), depth + 1, same);
        line("END" + label + ":");
    }

    private void loop(int depth, boolean uniform) {
        if (depth == DEEPEST) {
            return;
        }
        int label = labels++;
        String counter = "%r" + (32 + depth);
        line("and.b32 " + counter + ", " + r() + ", 7;\nLOOP" + label + ":");
        statements(1 + random.nextInt(4), depth + 1, false);
        line("sub.s32 " + counter + ", " + counter + ", 1;");
        line("setp.gt.s32 %p6, " + counter + ", 0;\n@%p6 bra LOOP" + label + ";");
        if (uniform) {
            line("bar.sync 0;");
        }
    }

    private void uniformLoop(int depth) {
        if (depth == DEEPEST) {
            return;
        }
        int label = labels++;
        String counter = "%r" + (36 + depth);
        line("mov.u32 " + counter + ", " + (1 + random.nextInt(3)) + ";\nROUND" + label + ":");
        statements(1 + random.nextInt(4), depth + 1, true);
        line("sub.s32 " + counter + ", " + counter + ", 1;");
        line("setp.ne.s32 %p7, " + counter + ", 0;\n@%p7 bra ROUND" + label + ";");
    }

    private void shared() {
        line("bar.sync 0;\nst.shared.u32 [%r25], " + r() + ";\nbar.sync 0;");
        line("xor.b32 %r27, %r26, " + 4 * (1 + random.nextInt(3)) + ";");
        line("ld.shared.u32 " + r() + ", [%r27];");
        line("ld.shared.f32 " + f() + ", [%r25];");
    }

    private void shuffle() {
        String mode = pick(List.of("up", "down", "bfly", "idx"));
        String clamp = mode.equals("up") ? "0" : "31";
        line(
                "shfl.sync."
                        + mode
                        + ".b32 "
                        + r()
                        + "|"
                        + p()
                        + ", "
                        + r()
                        + ", "
                        + (random.nextBoolean() ? random.nextInt(32) : r())
                        + ", "
                        + clamp
                        + ", "
                        + members
                        + ";");
    }

    private void vote() {
        line("vote.sync.ballot.b32 " + r() + ", " + p() + ", " + members + ";");
        line("vote.sync.any.pred " + p() + ", " + p() + ", " + members + ";");
        line("match.any.sync.b32 " + r() + ", " + r() + ", " + members + ";");
        line("redux.sync.add.s32 " + r() + ", " + r() + ", " + members + ";");
    }

    private void barrierReduction() {
        line("bar.red." + pick(List.of("and", "or")) + ".pred " + p() + ", 0, " + p() + ";");
        line("bar.red.popc.u32 " + r() + ", 0, " + p() + ";");
    }

    private void call() {
        line("{ .param .b32 a; .param .b64 at; .param .b32 back;");
        line("bar.sync 0;");
        line("st.param.b32 [a], " + r() + "; st.param.b64 [at], %rd24;");
        line("call (back), exchanged, (a, at); ld.param.b32 " + r() + ", [back]; }");
    }

    private void lockstep() {
        line("bar.sync 0;\nst.volatile.shared.u32 [%r25], " + r() + ";");
        line("and.b32 %r27, %r26, -128; xor.b32 %r31, %r26, 4; ");
        line("ld.volatile.shared.u32 " + r() + ", [%r31];\nbar.sync 0;");
    }

    /// Lanes of a warp access each other's cells in their own warp's part of `cells`, without a
    /// barrier; at times only some of them.
    private void neighbours() {
        int label = labels++;
        boolean some = random.nextInt(3) == 0;
        if (some) {
            line("setp.lt.s32 %p5, " + r() + ", " + r() + ";\n@%p5 bra PAST" + label + ";");
        }
        int count = 2 + random.nextInt(3);
        for (int index = 0; index < count; index++) {
            String cell = "[%r40+" + 4 * (random.nextInt(3) - 1) + "]";
            switch (random.nextInt(5)) {
                case 0, 1 -> line("st.shared.u32 " + cell + ", " + r() + ";");
                case 2, 3 -> line("ld.shared.u32 " + r() + ", " + cell + ";");
                default -> line("red.shared.add.u32 " + cell + ", " + r() + ";");
            }
        }
        if (some) {
            line("PAST" + label + ": bar.warp.sync -1;");
        }
    }
}
