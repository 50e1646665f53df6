package org.bitfusion.cli.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.session.Cancellation;
import org.bitfusion.cli.session.SessionEnvironment;
import org.bitfusion.cli.session.SessionFile;
import org.bitfusion.cli.session.Starter;

/// What the commands that start a program know of their surroundings.
///
/// @param distribution the installed product
/// @param environment of the user's shell
/// @param starter the parent of the program
/// @param cancellation what happens when the user stops the command before the program runs
record CommandContext(
        Distribution distribution,
        Map<String, String> environment,
        Starter starter,
        Cancellation cancellation) {
    /// The machine's configuration.
    static final Path SYSTEM_CONFIGURATION = ServerChoice.SYSTEM_CONFIGURATION;

    Path userHome() {
        String home = environment.get("HOME");
        return Path.of(home != null && !home.isEmpty() ? home : System.getProperty("user.home"));
    }

    SessionEnvironment sessionEnvironment() {
        return new SessionEnvironment(distribution.home(), environment);
    }

    /// Where generated files go: `/tmp`, as the product has it, or `$TMPDIR` where nothing can be
    /// made in it.
    Path sessionFolder() {
        Path usual = Path.of("/tmp");
        String other = environment.get("TMPDIR");
        return other == null || other.isEmpty() || Files.isWritable(usual)
                ? usual
                : Path.of(other).toAbsolutePath();
    }

    /// A generated adaptor file, removed when it is closed or the command cancelled.
    SessionFile sessionFile(String content) {
        return cancellation.make(
                () -> SessionFile.create(sessionFolder(), content), SessionFile::remove);
    }
}
