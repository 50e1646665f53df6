package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// The tests of [WarpOrderTest] on compiled kernels.
class CompiledWarpOrderTest extends WarpOrderTest {
    @BeforeAll
    static void compile() {
        TestGpu.executor = new PtxCompiler(SingleInstruction::of);
    }

    @AfterAll
    static void interpretAgain() {
        TestGpu.executor = new InterpreterFactory();
    }
}
