package org.bitfusion.cli.configuration;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.jspecify.annotations.Nullable;

/// Reads small text files whole; a file that is there but cannot be used is a fault, never skipped.
public final class ConfigurationFile {
    private static final long BYTES_LIMIT = 1024 * 1024;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private ConfigurationFile() {}

    /// The text, or null when there is no such file.
    public static @Nullable String readIfPresent(Path file) {
        try {
            if (Files.size(file) > BYTES_LIMIT) {
                throw new Fault(
                        ExitCode.BROKEN_CONFIGURATION,
                        file + ": larger than 1 MiB, so not what it should be; mend or remove it");
            }
            return text(file, Files.readAllBytes(file));
        } catch (NoSuchFileException _) {
            return null;
        } catch (AccessDeniedException _) {
            throw unreadable(file, "permission denied");
        } catch (IOException exception) {
            throw unreadable(file, String.valueOf(exception.getMessage()));
        }
    }

    /// Without the byte-order mark that some editors put before UTF-8.
    private static String text(Path file, byte[] bytes) {
        for (byte b : bytes) {
            if (b == 0) {
                throw new Fault(
                        ExitCode.BROKEN_CONFIGURATION,
                        file + ": is no text in UTF-8 (UTF-16?); save it as UTF-8");
            }
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    }

    static String read(Path file) {
        String text = readIfPresent(file);
        if (text == null) {
            throw unreadable(file, "no such file");
        }
        return text;
    }

    private static Fault unreadable(Path file, String reason) {
        return new Fault(
                ExitCode.UNREADABLE_CONFIGURATION,
                file + ": cannot be read (" + reason + "); mend it or name another file");
    }
}
