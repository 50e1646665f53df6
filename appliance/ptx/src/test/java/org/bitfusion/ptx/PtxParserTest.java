package org.bitfusion.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class PtxParserTest {
    private static final String HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n";

    private static FunctionBody body(String code) {
        PtxModule module =
                PtxParser.parse(
                        HEADER
                                + ".extern .shared .align 16 .b8 dynamic[];\n"
                                + ".global .align 4 .u32 counter = 7;\n"
                                + ".func (.param .b32 r) f(.param .b32 a) { ret; }\n"
                                + ".visible .entry k(.param .u64 k_0, .param .u32 k_1) {\n"
                                + code
                                + "\n}\n");
        return module.kernel("k").orElseThrow().body();
    }

    private static Instruction only(String code) {
        String registers =
                ".reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<9>; .reg .f32 %f<9>;"
                        + ".reg .b64 %rd<9>; .reg .f64 %fd<9>;\n";
        List<Instruction> instructions = body(registers + code).instructions();
        assertThat(instructions).hasSize(1);
        return instructions.getFirst();
    }

    @Test
    void theWordOfAnInstructionIsSplitIntoOpcodeModifiersAndTypes() {
        Operation operation = only("ld.global.nc.v4.f32 {%f1,%f2,%f3,_}, [%rd1+-16];").operation();

        assertThat(operation.form()).isEqualTo("ld.global.nc.v4.f32");
        assertThat(operation.opcode()).isEqualTo(Opcode.LD);
        assertThat(operation.space()).isEqualTo(StateSpace.GLOBAL);
        assertThat(operation.has(Modifier.Flag.NC)).isTrue();
        assertThat(operation.vectorWidth()).isEqualTo(4);
        assertThat(operation.types()).containsExactly(PtxType.F32);
    }

    @Test
    void theSameWordMeansDifferentThingsForDifferentOpcodes() {
        assertThat(only("setp.lo.and.u32 %p1|%p2, %r1, %r2, !%p3;").operation().modifiers())
                .containsExactly(Modifier.Comparison.LO, Modifier.Combination.AND);
        assertThat(only("mul.lo.s32 %r1, %r2, 3;").operation().modifiers())
                .containsExactly(Modifier.Part.LO);
        assertThat(only("atom.shared.and.b32 %r1, [%r2], %r3;").operation().modifiers())
                .contains(Modifier.Reduction.AND);
        assertThat(only("bra.uni k; k:").operation().has(Modifier.Flag.UNI)).isTrue();
    }

    @Test
    void memoryOperandsCarryBaseAndOffset() {
        Operand address = only("st.global.u32 [%rd1+-16], %r1;").operand(0);

        assertThat(address).isInstanceOf(Operand.Address.class);
        assertThat(((Operand.Address) address).offset()).isEqualTo(-16);
        Operand.Address global =
                (Operand.Address) only("ld.global.u32 %r1, [counter+4];").operand(1);
        assertThat(global.symbol()).isNotNull();
        assertThat(global.offset()).isEqualTo(4);
    }

    @Test
    void constantsKeepTheirBits() {
        assertThat(only("mov.f32 %f1, 0f3F800000;").operand(1))
                .isEqualTo(new Operand.Immediate(Operand.Immediate.Kind.FLOAT32, 0x3F800000L));
        assertThat(only("mov.f64 %fd1, 0dBFF0000000000000;").operand(1))
                .isEqualTo(
                        new Operand.Immediate(Operand.Immediate.Kind.FLOAT64, 0xBFF0000000000000L));
        assertThat(only("add.s32 %r1, %r2, -2147483648;").operand(2))
                .isEqualTo(new Operand.Immediate(Operand.Immediate.Kind.INTEGER, -2147483648L));
        assertThat(only("mov.u64 %rd1, 0xFFFFFFFFFFFFFFFFU;").operand(1))
                .isEqualTo(new Operand.Immediate(Operand.Immediate.Kind.INTEGER, -1));
        assertThat(
                        new Operand.Immediate(
                                        Operand.Immediate.Kind.FLOAT64,
                                        Double.doubleToLongBits(1.5))
                                .bitsAs(PtxType.F32))
                .isEqualTo(0x3FC00000L);
    }

    @Test
    void operatorsBeforeConstantsActFromTheNumberOutwards() {
        assertThat(integer("-~5")).isEqualTo(6);
        assertThat(integer("~-5")).isEqualTo(4);
        assertThat(integer("~ -~ 0")).isEqualTo(-2);
        assertThat(integer("- +- 7")).isEqualTo(7);
        assertThatThrownBy(() -> only("mov.f32 %f1, ~0f3F800000;"))
                .isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> integer("-".repeat(100_000) + "1"))
                .isInstanceOf(PtxException.class);
    }

    private static long integer(String constant) {
        return ((Operand.Immediate) only("mov.u32 %r1, " + constant + ";").operand(1)).bits();
    }

    @Test
    void branchesKnowTheirTargets() {
        List<Instruction> code =
                body(".reg .pred p; a: @!p bra b; bra.uni a; b: ret;").instructions();

        assertThat(code.get(0).guard()).isNotNull();
        assertThat(code.get(0).operand(0)).isEqualTo(new Operand.Label("b", 2));
        assertThat(code.get(1).operand(0)).isEqualTo(new Operand.Label("a", 0));
    }

    @Test
    void labelsOfInnerBlocksAreTheirOwn() {
        String wait = "{ .reg .pred q; again: @q bra done; bra again; done: }\n";
        List<Instruction> code = body(wait + wait + "ret;").instructions();

        assertThat(code.get(0).operand(0)).isEqualTo(new Operand.Label("done", 2));
        assertThat(code.get(3).operand(0)).isEqualTo(new Operand.Label("again", 2));
    }

    @Test
    void registersOfInnerBlocksHideOuterOnes() {
        FunctionBody body =
                body(
                        ".reg .b32 t; mov.u32 t, 1; { .reg .f32 t; mov.f32 t, 0f00000000; } mov.u32 t, 2;");

        assertThat(body.registers())
                .extracting(Register::type)
                .containsExactly(PtxType.B32, PtxType.F32);
        assertThat(body.instructions().get(2).operand(0)).isEqualTo(body.registers().get(0));
    }

    @Test
    void indexedBranchesResolveTheirTable() {
        List<Instruction> code =
                body(".reg .b32 %r<2>; t: .branchtargets a, b; brx.idx %r1, t; a: ret; b: exit;")
                        .instructions();

        assertThat(((Operand.BranchTargets) code.get(0).operand(1)).labels())
                .containsExactly(new Operand.Label("a", 1), new Operand.Label("b", 2));
    }

    @Test
    void callsResolveFunctionResultsArgumentsAndPrototype() {
        FunctionBody body =
                body(
                        """
                        .reg .b64 %rd<2>;
                        { .param .b32 p0; .param .b64 p1; .param .b32 r0;
                        proto : .callprototype (.param .b32 _) _ (.param .b32 _);
                        call.uni (r0), f, (p0); call (r0), %rd1, (p0), proto; }
                        { .param .b32 p0; call f, (p0); }
                        """);
        Operand.Call direct = (Operand.Call) body.instructions().get(0).operand(0);
        Operand.Call indirect = (Operand.Call) body.instructions().get(1).operand(0);

        assertThat(direct.arguments()).hasSize(1);
        assertThat(((Operand.SymbolAddress) direct.target()).symbol())
                .isInstanceOf(PtxFunction.class);
        assertThat(indirect.prototype()).isNotNull();
        assertThat(body.callBytes()).isEqualTo(20);
    }

    @Test
    void whatIsNotUnderstoodIsKeptWithNameAndLine() {
        List<Instruction> code =
                body("\nwmma.load.a.sync {%r1}, [x], 4;\nmov.u32 %r1, %unheard;\nret;")
                        .instructions();

        assertThat(code)
                .extracting(Instruction::opcode)
                .containsExactly(Opcode.UNSUPPORTED, Opcode.UNSUPPORTED, Opcode.RET);
        assertThat(code.get(0).form()).isEqualTo("wmma.load.a.sync");
        assertThat(code.get(1).line()).isEqualTo(code.get(0).line() + 1);
    }

    @Test
    void variablesAreLaidOutAndInitialised() {
        PtxModule module =
                PtxParser.parse(
                        HEADER
                                + ".global .align 1 .b8 text[3] = {104, 105};\n"
                                + ".global .align 8 .u64 pointers[2] = {generic(text)+1, f};\n"
                                + ".const .align 4 .f32 half = 0f3F000000;\n"
                                + ".func f() { ret; }\n");
        Variable pointers = (Variable) module.symbol("pointers").orElseThrow();

        assertThat(pointers.offset()).isEqualTo(8);
        assertThat(module.areaBytes(StateSpace.GLOBAL)).isEqualTo(24);
        assertThat(pointers.initializer().relocations())
                .containsExactly(
                        new Variable.Relocation(0, 8, "text", 1, true, 0),
                        new Variable.Relocation(8, 8, "f", 0, false, 0));
        assertThat(((Variable) module.symbol("half").orElseThrow()).initializer().bytes())
                .containsExactly(0, 0, 0, 0x3F);
        PtxFunction function = (PtxFunction) module.symbol("f").orElseThrow();
        assertThat(module.functionAt(module.addressOf(function))).contains(function);
    }

    @Test
    void aliasesMeanTheFunctionTheyName() {
        PtxModule module =
                PtxParser.parse(
                        HEADER
                                + ".func other(); .func real() { ret; } .alias other, real;"
                                + ".entry k() { call.uni other; ret; }");
        Instruction call = module.kernel("k").orElseThrow().body().instructions().getFirst();

        Operand target = ((Operand.Call) call.operand(0)).target();
        assertThat(((Operand.SymbolAddress) target).symbol().name()).isEqualTo("real");
    }

    @Test
    void kernelParametersAreLaidOutAsTheDriverPacksThem() {
        PtxModule module =
                PtxParser.parse(
                        HEADER
                                + ".entry k(.param .u8 a, .param .u64 .ptr .global .align 16 b,"
                                + " .param .align 4 .b8 c[12], .param .u64 d)\n"
                                + ".maxntid 128, 2, 1 .minnctapersm 3 { ret; }");
        PtxFunction kernel = module.kernel("k").orElseThrow();

        assertThat(kernel.parameters())
                .extracting(PtxParameter::offset)
                .containsExactly(0L, 8L, 16L, 32L);
        assertThat(kernel.parameterBytes()).isEqualTo(40);
        assertThat(kernel.performance().maximumThreads()).isEqualTo(256);
    }

    @Test
    void malformedTextNamesTheLine() {
        assertThatThrownBy(() -> body("\n\nadd.s32 1 2;"))
                .isInstanceOfSatisfying(
                        PtxException.class, e -> assertThat(e.line()).isGreaterThan(6));
        assertThatThrownBy(() -> PtxParser.parse("ELF")).isInstanceOf(PtxException.class);
    }
}
