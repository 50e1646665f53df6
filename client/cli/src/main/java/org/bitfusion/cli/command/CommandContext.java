package org.bitfusion.cli.command;

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
    /// Where generated adaptor files go, as the product has it.
    static final Path SESSION_FOLDER = Path.of("/tmp");

    /// The machine's configuration.
    static final Path SYSTEM_CONFIGURATION = Path.of("/etc");

    Path userHome() {
        String home = environment.get("HOME");
        return Path.of(home != null && !home.isEmpty() ? home : System.getProperty("user.home"));
    }

    SessionEnvironment sessionEnvironment() {
        return new SessionEnvironment(distribution.home(), environment);
    }

    /// A generated adaptor file, removed when it is closed or the command cancelled.
    SessionFile sessionFile(String content) {
        return cancellation.make(
                () -> SessionFile.create(SESSION_FOLDER, content), SessionFile::remove);
    }
}
