package org.bitfusion.ptx;

/// A name with an address: a variable, a parameter or a function.
public sealed interface Symbol permits Variable, PtxParameter, PtxFunction {
    String name();
}
