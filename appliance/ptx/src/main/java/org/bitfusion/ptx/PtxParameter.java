package org.bitfusion.ptx;

/// A parameter or result of a function or kernel.
///
/// @param space PARAM, or REG for functions that pass registers
/// @param alignment in bytes
/// @param byteCount size in bytes
/// @param array declared as `.b8 name[n]`: passed by value as bytes
/// @param offset byte offset in the parameter block: parameters of a kernel as the driver packs
///   them; of a function, results and parameters each in a block of their own
public record PtxParameter(
        String name,
        StateSpace space,
        PtxType type,
        int alignment,
        long byteCount,
        boolean array,
        long offset,
        boolean result)
        implements Symbol {}
