package org.bitfusion.gpu.soft.interpreter;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bitfusion.gpu.soft.execution.BlockExecutor;
import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.execution.BlockState;
import org.bitfusion.gpu.soft.execution.DeviceServices;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.execution.ThreadPosition;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Symbol;
import org.bitfusion.ptx.Variable;
import org.jspecify.annotations.Nullable;

/// The smallest device that can launch a kernel: one segment, a bump allocator, all blocks resident
/// on the calling thread.
final class TestGpu implements DeviceServices {
    static final long WINDOW_BASE = 0x7F00_0000_0000L;
    private static final long DEVICE_BYTES = 16 << 20;
    private static final long SLOT_BYTES = 12 << 20;
    private static final long SHARED_BYTES = 256 << 10;
    private static final long PARAMETER_OFFSET = DEVICE_BYTES - 4096;

    /// What runs the kernels of all machines.
    static ProgramFactory executor = new InterpreterFactory();

    private final MemorySegment memory;
    private final PtxModule module;
    private final IdentityHashMap<Variable, Long> addresses = new IdentityHashMap<>();
    private final Set<String> covered = new TreeSet<>();
    private final List<String> printed = new ArrayList<>();
    private final int slots;
    private long free = 4096;
    private long grid = 0;
    int[] environment = new int[32];

    TestGpu(String ptx) {
        this(ptx, 1);
    }

    /// @param slots blocks that can be resident at once
    TestGpu(String ptx, int slots) {
        this.slots = slots;
        this.memory = Arena.ofAuto().allocate(DEVICE_BYTES + slots * SLOT_BYTES, 64);
        this.module = PtxParser.parse(ptx);
        load();
    }

    private void load() {
        long globals = allocate(Math.max(16, module.areaBytes(StateSpace.GLOBAL)));
        long constants = allocate(Math.max(16, module.areaBytes(StateSpace.CONST)));
        for (Variable variable : module.variables()) {
            if (variable.offset() >= 0) {
                long area = variable.space() == StateSpace.CONST ? constants : globals;
                addresses.put(variable, area + variable.offset());
            }
        }
        for (Variable variable : addresses.keySet()) {
            long at = address(variable);
            writeBytes(at, variable.initializer().bytes());
            for (Variable.Relocation relocation : variable.initializer().relocations()) {
                long value = target(relocation) + relocation.addend();
                long place = at + relocation.offset();
                for (int index = 0; index < relocation.byteCount(); index++) {
                    byte part = (byte) (value >>> (relocation.shift() + 8 * index));
                    memory.set(ValueLayout.JAVA_BYTE, place + index - WINDOW_BASE, part);
                }
            }
        }
    }

    private long target(Variable.Relocation relocation) {
        Symbol symbol = module.symbol(relocation.symbol()).orElseThrow();
        return symbol instanceof PtxFunction function
                ? module.addressOf(function)
                : address((Variable) symbol);
    }

    private long address(Variable variable) {
        Long address = addresses.get(variable);
        if (address == null) {
            throw new IllegalArgumentException("no address: " + variable);
        }
        return address;
    }

    long addressOf(String name) {
        return address((Variable) module.symbol(name).orElseThrow());
    }

    @Override
    public long allocate(long byteCount) {
        long at = free;
        free = (free + byteCount + 255) / 256 * 256;
        if (free > PARAMETER_OFFSET) {
            return 0;
        }
        return WINDOW_BASE + at;
    }

    void writeBytes(long address, byte[] bytes) {
        MemorySegment.copy(
                bytes, 0, memory, ValueLayout.JAVA_BYTE, address - WINDOW_BASE, bytes.length);
    }

    long ints(int... values) {
        long at = allocate(Math.max(1, values.length) * 4L);
        MemorySegment.copy(
                values, 0, memory, ValueLayout.JAVA_INT, at - WINDOW_BASE, values.length);
        return at;
    }

    long longs(long... values) {
        long at = allocate(Math.max(1, values.length) * 8L);
        MemorySegment.copy(
                values, 0, memory, ValueLayout.JAVA_LONG, at - WINDOW_BASE, values.length);
        return at;
    }

    long floats(float... values) {
        long at = allocate(Math.max(1, values.length) * 4L);
        MemorySegment.copy(
                values, 0, memory, ValueLayout.JAVA_FLOAT, at - WINDOW_BASE, values.length);
        return at;
    }

    int[] readInts(long address, int count) {
        int[] values = new int[count];
        MemorySegment.copy(memory, ValueLayout.JAVA_INT, address - WINDOW_BASE, values, 0, count);
        return values;
    }

    long[] readLongs(long address, int count) {
        long[] values = new long[count];
        MemorySegment.copy(memory, ValueLayout.JAVA_LONG, address - WINDOW_BASE, values, 0, count);
        return values;
    }

    float[] readFloats(long address, int count) {
        float[] values = new float[count];
        MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, address - WINDOW_BASE, values, 0, count);
        return values;
    }

    Set<String> covered() {
        return covered;
    }

    List<String> printed() {
        return printed;
    }

    /// Launches with 64-bit parameters (pointers; or integers that the kernel declares as .u64).
    void launch(String kernel, int blocks, int threads, long... parameters) {
        launch(kernel, new Dimensions(blocks, 1, 1), new Dimensions(threads, 1, 1), 0, parameters);
    }

    void launch(String kernel, Dimensions shape, Dimensions block, int shared, long... parameters) {
        for (int index = 0; index < parameters.length; index++) {
            memory.set(ValueLayout.JAVA_LONG, PARAMETER_OFFSET + 8L * index, parameters[index]);
        }
        ProgramFactory.Source source =
                new ProgramFactory.Source(
                        module, module.kernel(kernel).orElseThrow(), memory, WINDOW_BASE);
        KernelProgram program =
                switch (executor.prepare(source)) {
                    case ProgramFactory.Preparation.Ready ready -> ready.program();
                    case ProgramFactory.Preparation.Invalid invalid ->
                            throw new PtxException(0, invalid.reason());
                    case ProgramFactory.Preparation.Declined declined ->
                            throw new AssertionError(declined.reason());
                };
        grid = shape.count();
        run(program, new Launch(shape, block, shared));
    }

    private void run(KernelProgram program, Launch launch) {
        List<BlockExecutor> running = new ArrayList<>();
        List<Integer> slotOf = new ArrayList<>();
        List<Integer> idle = new ArrayList<>();
        for (int slot = slots - 1; slot >= 0; slot--) {
            idle.add(slot);
        }
        long next = 0;
        while (next < grid || !running.isEmpty()) {
            while (next < grid && !idle.isEmpty()) {
                int slot = idle.removeLast();
                BlockExecutor executor = program.newBlockExecutor(launch);
                startBlock(executor, program, launch, next++, slot);
                running.add(executor);
                slotOf.add(slot);
            }
            for (int index = 0; index < running.size(); index++) {
                if (running.get(index).run() == BlockState.FINISHED) {
                    running.remove(index);
                    idle.add(slotOf.get(index));
                    slotOf.remove(/* index */ index);
                    index--;
                }
            }
        }
    }

    private static void startBlock(
            BlockExecutor executor, KernelProgram program, Launch launch, long block, int slot) {
        Dimensions shape = launch.grid();
        long base = DEVICE_BYTES + slot * SLOT_BYTES;
        long shared = program.dynamicSharedOffset() + launch.dynamicSharedBytes();
        BlockMemory place =
                new BlockMemory(
                        base,
                        Math.max(shared, program.staticSharedBytes()),
                        base + SHARED_BYTES,
                        program.localBytesPerThread(1024));
        int x = (int) (block % shape.x());
        int y = (int) (block / shape.x() % shape.y());
        int z = (int) (block / shape.x() / shape.y());
        executor.start(x, y, z, place);
    }

    @Override
    public int print(long formatAddress, long argumentsAddress) {
        String format = memory.getString(formatAddress - WINDOW_BASE);
        int first = memory.get(ValueLayout.JAVA_INT, argumentsAddress - WINDOW_BASE);
        printed.add(format + "|" + first);
        return 1;
    }

    @Override
    public void free(long address) {}

    @Override
    public KernelFault assertionFailed(
            long messageAddress,
            long fileAddress,
            int line,
            long functionAddress,
            ThreadPosition position) {
        byte[] text =
                memory.getString(messageAddress - WINDOW_BASE).getBytes(StandardCharsets.UTF_8);
        return new KernelFault(
                KernelFault.ASSERT, new String(text, StandardCharsets.UTF_8) + ":" + line);
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

    private final class Launch implements LaunchContext {
        private final Dimensions shape;
        private final Dimensions block;
        private final int shared;

        Launch(Dimensions shape, Dimensions block, int shared) {
            this.shape = shape;
            this.block = block;
            this.shared = shared;
        }

        @Override
        public MemorySegment memory() {
            return memory;
        }

        @Override
        public long windowBase() {
            return WINDOW_BASE;
        }

        @Override
        public Dimensions grid() {
            return shape;
        }

        @Override
        public Dimensions block() {
            return block;
        }

        @Override
        public int dynamicSharedBytes() {
            return shared;
        }

        @Override
        public long parameterOffset() {
            return PARAMETER_OFFSET;
        }

        @Override
        public long addressOf(Variable variable) {
            return address(variable);
        }

        @Override
        public int environmentRegister(int index) {
            return environment[index];
        }

        @Override
        public DeviceServices services() {
            return TestGpu.this;
        }

        @Override
        public @Nullable AccessCheck accessCheck() {
            return null;
        }

        @Override
        public CoverageRecorder coverage() {
            return covered::add;
        }
    }
}
