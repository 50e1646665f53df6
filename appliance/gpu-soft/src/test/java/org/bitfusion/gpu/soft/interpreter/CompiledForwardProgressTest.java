package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// The tests of [ForwardProgressTest] on compiled kernels.
class CompiledForwardProgressTest extends ForwardProgressTest {
    @BeforeAll
    static void compile() {
        TestGpu.executor = new PtxCompiler(SingleInstruction::of);
    }

    @AfterAll
    static void interpretAgain() {
        TestGpu.executor = new InterpreterFactory();
    }
}
