package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.execution.KernelFault;

/// Where a memory operand points for a thread. Each space has its own check of every byte: global,
/// const and generic addresses are held by the segment ([Memory]), shared ones by the block's
/// shared memory, local ones, variables and parameters of functions by the thread's local memory,
/// kernel parameters by what the kernel declares. Nothing here leaves the segment even so.
@FunctionalInterface
interface Location {
    /// Offset in the segment of `byteCount` bytes, checked for the space and for alignment.
    long offset(CudaThread thread, int byteCount);

    /// A global, const or generic address in a register.
    static Location generic(int slot, long offset) {
        return (thread, byteCount) ->
                thread.block.memory.generic(thread.registers[slot] + offset, byteCount);
    }

    /// An address relative to the block's shared memory.
    static Location shared(int slot, long offset, boolean narrow) {
        return (thread, byteCount) -> {
            long address = thread.registers[slot] + offset;
            if (narrow) {
                address &= 0xFFFF_FFFFL;
            }
            Memory.align(address, byteCount);
            if (address < 0 || address > thread.block.slot.sharedBytes() - byteCount) {
                throw new KernelFault(
                        KernelFault.ILLEGAL_ADDRESS, "shared address 0x%x".formatted(address));
            }
            return thread.block.slot.sharedOffset() + address;
        };
    }

    /// An address relative to the thread's local memory.
    static Location local(int slot, long offset, boolean narrow) {
        return (thread, byteCount) -> {
            long address = thread.registers[slot] + offset;
            return localOffset(thread, narrow ? address & 0xFFFF_FFFFL : address, byteCount);
        };
    }

    /// A variable or parameter of the current function.
    static Location frame(long offset) {
        return (thread, byteCount) -> localOffset(thread, thread.frame + offset, byteCount);
    }

    /// A kernel parameter.
    ///
    /// @param extent bytes of all parameters
    static Location parameter(long offset, long extent) {
        return (thread, byteCount) -> {
            Memory.align(offset, byteCount);
            if (offset < 0 || offset > extent - byteCount) {
                throw new KernelFault(
                        KernelFault.ILLEGAL_ADDRESS, "parameter address 0x%x".formatted(offset));
            }
            return thread.block.launch.parameterOffset() + offset;
        };
    }

    private static long localOffset(CudaThread thread, long address, int byteCount) {
        Memory.align(address, byteCount);
        if (address < 0 || address > thread.block.slot.localBytesPerThread() - byteCount) {
            throw new KernelFault(
                    KernelFault.ILLEGAL_ADDRESS, "local address 0x%x".formatted(address));
        }
        return thread.local + address;
    }
}
