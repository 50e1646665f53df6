package org.bitfusion.cli;

import java.nio.file.Path;

/// The installed program: where it lies, by which name it was called, which version it is.
///
/// @param home folder that holds `bin`, `lib` and `runtime`
/// @param name `bitfusion` or `flexdirect`
public record Distribution(Path home, String name) {
    /// What the starter says in system properties.
    public static Distribution current() {
        String home = System.getProperty("bitfusion.home");
        if (home == null) {
            throw new Fault(ExitCode.INTERNAL, "start this program with bin/bitfusion");
        }
        return new Distribution(Path.of(home), System.getProperty("bitfusion.name", "bitfusion"));
    }

    /// `VMware Bitfusion` or its older product name.
    public String product() {
        return isLegacy() ? "FlexDirect" : "Bitfusion";
    }

    /// First line of the help.
    public String head() {
        return name
                + " - Run application with "
                + (isLegacy() ? "Bitfusion FlexDirect" : "VMware Bitfusion");
    }

    private boolean isLegacy() {
        return name.equals("flexdirect");
    }
}
