package org.bitfusion.cli.session;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// The variables that make a process part of a session; they alone are enough to join it from
/// another shell of the same user. Everything else of the environment stays as it is.
///
/// @param home folder of the distribution
/// @param inherited the environment of the user's shell
public record SessionEnvironment(Path home, Map<String, String> inherited) {

    private static final String AUDIT_LIBRARY = "libbitfusion-audit.so";

    /// `KEY=VALUE` assignments for a program in the session of `adaptorFile`.
    public List<String> assignments(Path adaptorFile, List<String> application) {
        Path library = home.resolve("lib/cuda");
        if (!Files.exists(library.resolve("libcuda.so.1"))) {
            throw new Fault(
                    ExitCode.INTERNAL,
                    library.resolve("libcuda.so.1") + " is missing; reinstall bitfusion");
        }
        List<String> assignments = new ArrayList<>(5);
        assignments.add("BF_ADAPTOR_CONFIG=" + adaptorFile.toAbsolutePath());
        assignments.add("BF_USER_COMMAND=" + ShownCommand.of(application));
        assignments.add(
                "LD_LIBRARY_PATH="
                        + prefixed(library.toString(), inherited.get("LD_LIBRARY_PATH")));
        assignments.add("LD_AUDIT=" + audit(inherited.getOrDefault("BF_PROGRAMS_LD_AUDIT", "")));
        String userHome = inherited.get("HOME");
        if (!inherited.containsKey("BF_LOG_FILE") && userHome != null) {
            assignments.add("BF_LOG_FILE=" + userHome + "/.bitfusion/bf_Global.log");
        }
        return assignments;
    }

    /// So that the library is found whatever a program or a wrapper says of folders: see decision
    /// 0009. What the user audits with stays; of two sessions, one in the other, the inner counts.
    private String audit(String existing) {
        StringBuilder all =
                new StringBuilder(home.resolve("lib/audit/$LIB").resolve(AUDIT_LIBRARY).toString());
        for (String other : existing.split(":", -1)) {
            if (!other.isEmpty() && !other.endsWith("/" + AUDIT_LIBRARY)) {
                all.append(':').append(other);
            }
        }
        return all.toString();
    }

    /// `first`, then what was there. A session within a session does not repeat itself.
    private static String prefixed(
            String first, @org.jspecify.annotations.Nullable String existing) {
        if (existing == null || existing.isEmpty() || existing.equals(first)) {
            return first;
        }
        return existing.startsWith(first + ":") ? existing : first + ":" + existing;
    }
}
