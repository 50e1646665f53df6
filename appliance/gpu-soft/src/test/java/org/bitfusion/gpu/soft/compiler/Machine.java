package org.bitfusion.gpu.soft.compiler;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
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
import org.bitfusion.gpu.soft.execution.ThreadPosition;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Variable;
import org.jspecify.annotations.Nullable;

/// One segment with a kernel's module in it; several blocks resident, run in turn by the calling
/// thread.
final class Machine implements LaunchContext, DeviceServices {
    static final long WINDOW_BASE = 0x7F00_0000_0000L;

    /// Where the first kernel parameter points.
    static final long DATA = WINDOW_BASE + 65536;

    static final int DATA_BYTES = 1 << 18;
    private static final long VARIABLES = 1 << 20;
    private static final long PARAMETERS = (2 << 20) - 4096;
    private static final long SLOTS = 2 << 20;
    private static final long SLOT_BYTES = 2 << 20;
    private static final int LOCAL_OFFSET = 1 << 18;
    private static final int MAXIMUM_RUNS = 1_000_000;

    private final int resident;
    private final PtxModule module;
    private final MemorySegment memory;
    private final IdentityHashMap<Variable, Long> addresses = new IdentityHashMap<>();
    private Dimensions grid = new Dimensions(1, 1, 1);
    private Dimensions block = new Dimensions(1, 1, 1);
    private int dynamicShared;

    Machine(String ptx, int resident) {
        this.resident = resident;
        this.module = PtxParser.parse(ptx);
        this.memory = Arena.ofAuto().allocate(SLOTS + resident * SLOT_BYTES, 4096);
        long next = VARIABLES;
        for (Variable variable : module.variables()) {
            if (variable.space() == StateSpace.GLOBAL || variable.space() == StateSpace.CONST) {
                addresses.put(variable, WINDOW_BASE + next);
                byte[] initial = variable.initializer().bytes();
                MemorySegment.copy(initial, 0, memory, ValueLayout.JAVA_BYTE, next, initial.length);
                next += (variable.byteCount() + 255) & -256;
            }
        }
    }

    /// Fills the data area with random words, among them floats that make trouble.
    void fill(long seed) {
        Random random = new Random(seed);
        for (int offset = 0; offset < DATA_BYTES; offset += 4) {
            int bits =
                    switch (random.nextInt(8)) {
                        case 0 -> random.nextInt(64) - 16;
                        case 1 -> Float.floatToRawIntBits(random.nextInt(100) - 50);
                        case 2 -> Float.floatToRawIntBits((float) random.nextGaussian());
                        case 3 -> SPECIAL[random.nextInt(SPECIAL.length)];
                        case 4 -> Float.floatToRawIntBits(random.nextFloat());
                        default -> random.nextInt();
                    };
            memory.set(ValueLayout.JAVA_INT, DATA - WINDOW_BASE + offset, bits);
        }
    }

    private static final int[] SPECIAL = {
        0,
        1,
        -1,
        0x8000_0000,
        0x7F80_0000,
        0xFF80_0000,
        0x3F80_0000,
        0x0080_0000,
        0x7FEF_FFFF,
        0x7FF0_0000,
        0x0000_8000,
        0x3C00_3C00,
        0x4B00_0000,
        0x4F00_0000,
        0x7FFF_FFFF
    };

    byte[] data() {
        return memory.asSlice(DATA - WINDOW_BASE, DATA_BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    int word(int index) {
        return memory.get(ValueLayout.JAVA_INT, DATA - WINDOW_BASE + 4L * index);
    }

    void word(int index, int value) {
        memory.set(ValueLayout.JAVA_INT, DATA - WINDOW_BASE + 4L * index, value);
    }

    Preparation prepare(ProgramFactory factory) {
        PtxFunction kernel = module.kernels().getFirst();
        return factory.prepare(new ProgramFactory.Source(module, kernel, memory, WINDOW_BASE));
    }

    /// Launches the module's first kernel; its parameters are the address of the data and the given
    /// words.
    void launch(ProgramFactory factory, Dimensions gridSize, Dimensions blockSize, int... words) {
        grid = gridSize;
        block = blockSize;
        if (!(prepare(factory) instanceof Preparation.Ready ready)) {
            throw new AssertionError(prepare(factory));
        }
        memory.set(ValueLayout.JAVA_LONG, PARAMETERS, DATA);
        for (int index = 0; index < words.length; index++) {
            memory.set(ValueLayout.JAVA_INT, PARAMETERS + 8 + 4L * index, words[index]);
        }
        run(ready.program());
    }

    private void run(KernelProgram program) {
        List<BlockExecutor> executors = new ArrayList<>();
        int slots = (int) Math.min(resident, grid.count());
        long local = (program.localBytesPerThread(1024) + 15) & -16;
        long shared = program.dynamicSharedOffset() + dynamicShared;
        for (int slot = 0; slot < slots; slot++) {
            executors.add(program.newBlockExecutor(this));
        }
        boolean[] busy = new boolean[slots];
        long next = 0;
        long finished = 0;
        for (int run = 0; finished < grid.count(); run++) {
            if (run > MAXIMUM_RUNS) {
                throw new AssertionError("the kernel makes no progress");
            }
            int slot = run % slots;
            if (!busy[slot] && next < grid.count()) {
                long offset = SLOTS + slot * SLOT_BYTES;
                executors
                        .get(slot)
                        .start(
                                (int) (next % grid.x()),
                                (int) (next / grid.x() % grid.y()),
                                (int) (next / grid.x() / grid.y()),
                                new BlockMemory(offset, shared, offset + LOCAL_OFFSET, local));
                busy[slot] = true;
                next++;
            }
            if (busy[slot] && executors.get(slot).run() == BlockState.FINISHED) {
                busy[slot] = false;
                finished++;
            }
        }
    }

    void dynamicShared(int byteCount) {
        dynamicShared = byteCount;
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
        return grid;
    }

    @Override
    public Dimensions block() {
        return block;
    }

    @Override
    public int dynamicSharedBytes() {
        return dynamicShared;
    }

    @Override
    public long parameterOffset() {
        return PARAMETERS;
    }

    @Override
    public long addressOf(Variable variable) {
        Long address = addresses.get(variable);
        return address == null ? 0 : address;
    }

    @Override
    public int environmentRegister(int index) {
        return index * 3;
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
        return 2;
    }

    @Override
    public long allocate(long byteCount) {
        return DATA + 4096;
    }

    @Override
    public void free(long address) {}

    @Override
    public KernelFault assertionFailed(
            long message, long file, int line, long function, ThreadPosition position) {
        return new KernelFault(KernelFault.ASSERT, "line " + line);
    }

    @Override
    public long clock() {
        return 1L << 40;
    }

    @Override
    public long globalTimer() {
        return 1L << 50;
    }

    @Override
    public int multiprocessors() {
        return 4;
    }
}
