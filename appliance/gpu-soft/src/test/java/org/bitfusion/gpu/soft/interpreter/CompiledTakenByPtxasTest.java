package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// The tests of [TakenByPtxasTest] on kernels that are compiled, or interpreted if the compiler
/// declines.
class CompiledTakenByPtxasTest extends TakenByPtxasTest {
    private record CompiledIfPossible(ProgramFactory compiler, ProgramFactory interpreter)
            implements ProgramFactory {
        @Override
        public String name() {
            return "both";
        }

        @Override
        public Preparation prepare(Source source) {
            Preparation compiled = compiler.prepare(source);
            return compiled instanceof Preparation.Declined
                    ? interpreter.prepare(source)
                    : compiled;
        }
    }

    @BeforeAll
    static void compile() {
        TestGpu.executor =
                new CompiledIfPossible(
                        new PtxCompiler(SingleInstruction::of), new InterpreterFactory());
    }

    @AfterAll
    static void interpretAgain() {
        TestGpu.executor = new InterpreterFactory();
    }
}
