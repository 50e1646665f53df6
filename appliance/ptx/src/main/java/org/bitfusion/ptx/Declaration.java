package org.bitfusion.ptx;

/// What the declarations of variables, registers and parameters have in common.
record Declaration(
        String name,
        StateSpace space,
        PtxType type,
        int alignment,
        long byteCount,
        boolean array) {}
