package org.bitfusion.gpu.soft.forms;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.bitfusion.gpu.soft.execution.BlockExecutor;
import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.execution.BlockState;
import org.bitfusion.gpu.soft.execution.DeviceServices;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Preparation;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Source;
import org.bitfusion.gpu.soft.execution.ThreadPosition;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.Variable;
import org.jspecify.annotations.Nullable;

/// One launch of entry `test(in, out)` in a small flat memory, block by block on the calling
/// thread, all blocks resident.
final class FlatLaunch implements LaunchContext, DeviceServices {
    private static final long WINDOW_BASE = 0x4_0000_0000L;
    private static final int MEMORY_BYTES = 32 << 20;
    private static final int INPUT = 1 << 20;
    private static final int OUTPUT = 2 << 20;
    private static final int PARAMETERS = 3 << 20;
    private static final int VARIABLES = 4 << 20;
    private static final int BLOCKS = 8 << 20;
    private static final int BLOCK_BYTES = 1 << 20;
    private static final int SHARED_BYTES = 64 << 10;

    private static final MemorySegment MEMORY = Arena.global().allocate(MEMORY_BYTES, 2 << 20);

    private final int blocks;
    private final int threads;
    private final IdentityHashMap<Variable, Long> variables = new IdentityHashMap<>();

    FlatLaunch(int blocks, int threads) {
        this.blocks = blocks;
        this.threads = threads;
    }

    /// @throws KernelFault as the kernel does
    byte[] run(ProgramFactory factory, PtxModule module, byte[] input, int outputBytes) {
        MEMORY.fill((byte) 0);
        MEMORY.asSlice(OUTPUT, outputBytes).fill((byte) 0xee);
        MemorySegment.copy(input, 0, MEMORY, ValueLayout.JAVA_BYTE, INPUT, input.length);
        placeParameters(input);
        placeVariables(module);
        runBlocks(
                prepare(
                        factory,
                        new Source(
                                module, module.kernel("test").orElseThrow(), MEMORY, WINDOW_BASE)));
        return MEMORY.asSlice(OUTPUT, outputBytes).toArray(ValueLayout.JAVA_BYTE);
    }

    /// As the product does: what one executor declines, the interpreter runs.
    private static KernelProgram prepare(ProgramFactory factory, Source source) {
        return switch (factory.prepare(source)) {
            case Preparation.Ready(KernelProgram program) -> program;
            case Preparation.Declined declined when factory instanceof InterpreterFactory ->
                    throw new IllegalStateException(declined.reason());
            case Preparation.Declined _ -> prepare(new InterpreterFactory(), source);
            case Preparation.Invalid(String reason) -> throw new IllegalStateException(reason);
        };
    }

    private static void placeParameters(byte[] input) {
        MEMORY.set(ValueLayout.JAVA_LONG, PARAMETERS, WINDOW_BASE + INPUT);
        MEMORY.set(ValueLayout.JAVA_LONG, PARAMETERS + 8, WINDOW_BASE + OUTPUT);
        int third = Math.min(64, input.length);
        MemorySegment.copy(input, 0, MEMORY, ValueLayout.JAVA_BYTE, PARAMETERS + 16, third);
    }

    private void placeVariables(PtxModule module) {
        long offset = VARIABLES;
        for (Variable variable : module.variables()) {
            variables.put(variable, WINDOW_BASE + offset);
            byte[] initial = variable.initializer().bytes();
            MemorySegment.copy(initial, 0, MEMORY, ValueLayout.JAVA_BYTE, offset, initial.length);
            offset += (variable.byteCount() + 255) / 256 * 256;
        }
    }

    private void runBlocks(KernelProgram program) {
        List<BlockExecutor> running = new ArrayList<>();
        long local = (program.localBytesPerThread(1024) + 15) / 16 * 16;
        for (int block = 0; block < blocks; block++) {
            long shared = BLOCKS + (long) block * BLOCK_BYTES;
            BlockExecutor executor = program.newBlockExecutor(this);
            executor.start(
                    block,
                    0,
                    0,
                    new BlockMemory(shared, SHARED_BYTES, shared + SHARED_BYTES, local));
            running.add(executor);
        }
        while (!running.isEmpty()) {
            running.removeIf(executor -> executor.run() == BlockState.FINISHED);
        }
    }

    @Override
    public MemorySegment memory() {
        return MEMORY;
    }

    @Override
    public long windowBase() {
        return WINDOW_BASE;
    }

    @Override
    public Dimensions grid() {
        return new Dimensions(blocks, 1, 1);
    }

    @Override
    public Dimensions block() {
        return new Dimensions(threads, 1, 1);
    }

    @Override
    public int dynamicSharedBytes() {
        return 0;
    }

    @Override
    public long parameterOffset() {
        return PARAMETERS;
    }

    @Override
    public long addressOf(Variable variable) {
        Long address = variables.get(variable);
        if (address == null) {
            throw new IllegalArgumentException(variable.toString());
        }
        return address;
    }

    @Override
    public int environmentRegister(int index) {
        return 0;
    }

    @Override
    public DeviceServices services() {
        return this;
    }

    @Override
    public @Nullable AccessCheck accessCheck() {
        return null;
    }

    @Override
    public @Nullable CoverageRecorder coverage() {
        return null;
    }

    @Override
    public int print(long formatAddress, long argumentsAddress) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long allocate(long byteCount) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void free(long address) {
        throw new UnsupportedOperationException();
    }

    @Override
    public KernelFault assertionFailed(
            long messageAddress,
            long fileAddress,
            int line,
            long functionAddress,
            ThreadPosition position) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long clock() {
        return System.nanoTime();
    }

    @Override
    public long globalTimer() {
        return System.nanoTime();
    }

    @Override
    public int multiprocessors() {
        return 2;
    }
}
