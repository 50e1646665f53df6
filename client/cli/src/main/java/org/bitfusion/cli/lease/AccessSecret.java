package org.bitfusion.cli.lease;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.protocol.Secret;

/// The secret by which an appliance knows its own user.
///
/// @param file where it was read
/// @param secret what it says
public record AccessSecret(Path file, Secret secret) {
    private static final long BYTES_LIMIT = 256;

    /// Reads `$BF_ACCESS_SECRET_FILE`, or `.bitfusion/access.secret` of the user.
    public static AccessSecret read(Map<String, String> environment, Path userHome) {
        String named = environment.get("BF_ACCESS_SECRET_FILE");
        Path file =
                named != null && !named.isEmpty()
                        ? Path.of(named)
                        : userHome.resolve(".bitfusion/access.secret");
        try {
            if (Files.size(file) > BYTES_LIMIT) {
                throw broken(file);
            }
            String text = new String(Files.readAllBytes(file), StandardCharsets.US_ASCII).strip();
            return new AccessSecret(file, Secret.parse(text));
        } catch (NoSuchFileException _) {
            throw new Fault(
                    ExitCode.NOT_ALLOWED,
                    file
                            + ": no such file; start the appliance ('bitfusion server') as this user, or name its secret"
                            + " in BF_ACCESS_SECRET_FILE");
        } catch (IOException _) {
            throw new Fault(
                    ExitCode.NOT_ALLOWED,
                    file + ": cannot be read; only the user who runs the appliance may use it");
        } catch (IllegalArgumentException _) {
            throw broken(file);
        }
    }

    private static Fault broken(Path file) {
        return new Fault(
                ExitCode.BROKEN_CONFIGURATION,
                file + ": not 32 hexadecimal digits; remove it and start the appliance again");
    }
}
