package org.bitfusion.systemtests;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Where things lie in the checkout that the tests run from.
public final class Repository {
    private static final Path ROOT = findRoot();

    private Repository() {}

    public static Path root() {
        return ROOT;
    }

    /// What is installed.
    public static Path product() {
        return ROOT.resolve("target/dist/bitfusion");
    }

    /// The command of the product.
    public static Path bitfusion() {
        return product().resolve("bin/bitfusion");
    }

    /// The folder with the client's `libcuda.so.1` and `libcuda.so`.
    public static Path shim() {
        return ROOT.resolve("client/shim/target");
    }

    public static Path target() {
        return ROOT.resolve("appliance/system-tests/target");
    }

    /// A command that runs make in a folder of it, one at a time: test classes run side by side.
    public static List<String> make(String folder, String... arguments) {
        Path lock = target().resolve("make." + folder.replace('/', '.') + ".lock");
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "flock",
                                lock.toString(),
                                "make",
                                "-s",
                                "-j2",
                                "-C",
                                ROOT.resolve(folder).toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static Path findRoot() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.exists(folder.resolve("protocol/spec"))) {
            folder = folder.getParent();
        }
        if (folder == null) {
            throw new IllegalStateException("no checkout above " + Path.of("").toAbsolutePath());
        }
        return folder;
    }
}
