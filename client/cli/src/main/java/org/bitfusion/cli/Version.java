package org.bitfusion.cli;

/// Version of the command line.
public final class Version {
    /// The number, and the kind of build.
    public static final String NUMBER = "5.0.0";

    /// What `version` prints.
    public static final String LINE = "Bitfusion version: " + NUMBER + " development";

    private Version() {}
}
