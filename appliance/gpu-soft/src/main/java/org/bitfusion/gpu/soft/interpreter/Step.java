package org.bitfusion.gpu.soft.interpreter;

/// One decoded instruction. The program counter already points behind it.
///
/// Registers are longs whose bits above a value's type are arbitrary: every reader truncates or
/// extends by its own type. Predicates are 0 or 1.
@FunctionalInterface
interface Step {
    void execute(CudaThread thread);

    /// A step under a predicate.
    record Guarded(int predicate, int wanted, Step step) implements Step {
        boolean passes(CudaThread thread) {
            return ((int) thread.registers[predicate] & 1) == wanted;
        }

        @Override
        public void execute(CudaThread thread) {
            if (passes(thread)) {
                step.execute(thread);
            }
        }
    }
}
