package org.bitfusion.gpu.soft.launch;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.bitfusion.gpu.soft.execution.DeviceServices;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.ThreadPosition;
import org.bitfusion.gpu.soft.memory.DeviceHeap;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Printing, heap and clocks for the kernels of one context.
public final class ContextServices implements DeviceServices {
    private static final int MAXIMUM_STRING = 1 << 16;
    private static final byte[] NOTHING = {};
    private static final Logger LOG = LoggerFactory.getLogger(ContextServices.class);
    private static final long NANOSECONDS = 1_000_000_000L;

    private final WindowMemory window;
    private final DeviceHeap heap;
    private final int multiprocessors;
    private final PrintBuffer output = new PrintBuffer();
    private final ByteArrayOutputStream failures = new ByteArrayOutputStream();
    private volatile boolean failed;
    private volatile long printLimit;

    public ContextServices(
            WindowMemory window, DeviceHeap heap, int multiprocessors, long printLimit) {
        this.window = window;
        this.heap = heap;
        this.multiprocessors = multiprocessors;
        this.printLimit = printLimit;
    }

    public long printLimit() {
        return printLimit;
    }

    public void setPrintLimit(long bytes) {
        printLimit = bytes;
    }

    /// What was printed since the last call.
    public byte[] takeOutput() {
        return output.take();
    }

    /// What the program's stderr is to be told since the last call.
    public byte[] takeFailures() {
        if (!failed) {
            return NOTHING;
        }
        synchronized (failures) {
            failed = false;
            byte[] bytes = failures.toByteArray();
            failures.reset();
            return bytes;
        }
    }

    @Override
    public int print(long formatAddress, long argumentsAddress) {
        PrintFormat format =
                new PrintFormat(
                        string(formatAddress),
                        window.segment(),
                        argumentsAddress == 0 ? 0 : window.offsetOf(argumentsAddress),
                        this::string);
        if (!output.add(format.format(), printLimit)) {
            return -1;
        }
        return format.argumentCount();
    }

    private byte[] string(long address) {
        MemorySegment memory = window.segment();
        long offset = window.offsetOf(address);
        int length = 0;
        while (length < MAXIMUM_STRING && memory.get(ValueLayout.JAVA_BYTE, offset + length) != 0) {
            length++;
        }
        return memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public long allocate(long byteCount) {
        return heap.allocate(byteCount);
    }

    @Override
    public void free(long address) {
        if (address != 0 && !heap.free(address)) {
            throw new KernelFault(
                    KernelFault.LAUNCH_FAILED,
                    "free of %#x, which malloc did not give".formatted(address));
        }
    }

    @Override
    public KernelFault assertionFailed(
            long messageAddress,
            long fileAddress,
            int line,
            long functionAddress,
            ThreadPosition position) {
        String text =
                "%s:%d: %s: %s Assertion `%s` failed."
                        .formatted(
                                text(fileAddress),
                                line,
                                text(functionAddress),
                                position,
                                text(messageAddress));
        tell(text);
        return new KernelFault(KernelFault.ASSERT, text);
    }

    /// Has one line written to the program's stderr.
    public void tell(String text) {
        LOG.warn("{}", text);
        byte[] lineOfText = (text + "\n").getBytes(StandardCharsets.UTF_8);
        synchronized (failures) {
            if (failures.size() + lineOfText.length <= printLimit) {
                failures.writeBytes(lineOfText);
                failed = true;
            }
        }
    }

    private String text(long address) {
        return new String(string(address), StandardCharsets.UTF_8);
    }

    @Override
    public long clock() {
        return System.nanoTime();
    }

    @Override
    public long globalTimer() {
        Instant now = Instant.now();
        return now.getEpochSecond() * NANOSECONDS + now.getNano();
    }

    @Override
    public int multiprocessors() {
        return multiprocessors;
    }
}
