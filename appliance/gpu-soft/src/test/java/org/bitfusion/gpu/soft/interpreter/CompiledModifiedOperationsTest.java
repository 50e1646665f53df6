package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// The tests of [ModifiedOperationsTest] on compiled kernels.
class CompiledModifiedOperationsTest extends ModifiedOperationsTest {
    @BeforeAll
    static void compile() {
        TestGpu.executor = new PtxCompiler();
    }

    @AfterAll
    static void interpretAgain() {
        TestGpu.executor = new InterpreterFactory();
    }
}
