package org.bitfusion.ptx;

import java.util.Locale;

/// Where a variable lives or an access goes (PTX ISA, "State Spaces").
public enum StateSpace {
    /// No space named: the address is a generic one.
    GENERIC,
    REG,
    GLOBAL,
    SHARED,
    LOCAL,
    CONST,
    PARAM;

    /// The spelling without the dot; empty for generic.
    public String text() {
        return this == GENERIC ? "" : name().toLowerCase(Locale.ROOT);
    }
}
