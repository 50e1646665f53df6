package org.bitfusion.cli;

/// Exit codes of the command itself; the numbers are those of BSD's sysexits where one fits. A
/// program that was started ends with its own code, or 128 + n when signal n ended it.
public enum ExitCode {
    /// The command of the product does not exist in this version.
    NOT_AVAILABLE_YET(2),
    /// The command line is wrong.
    USAGE(64),
    /// A configuration file has content that is not understood.
    BROKEN_CONFIGURATION(65),
    /// A configuration file is missing or cannot be read.
    UNREADABLE_CONFIGURATION(66),
    /// No server answers, or it has nothing of what is asked for.
    UNAVAILABLE(69),
    /// A fault of this program or of its installation.
    INTERNAL(70),
    /// A limit of the user's shell (`ulimit`) leaves too little for the command itself.
    LIMITS(71),
    /// The session's configuration file cannot be written.
    CANNOT_CREATE(73),
    /// The wanted GPUs were not free within the waiting time.
    WAITED_IN_VAIN(75),
    /// The peer is not a Bitfusion server or one of another version.
    PROTOCOL(76),
    /// The server does not let this user in.
    NOT_ALLOWED(77),
    /// The program exists but cannot be executed.
    CANNOT_EXECUTE(126),
    /// There is no such program.
    NO_SUCH_PROGRAM(127);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
