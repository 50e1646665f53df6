package org.bitfusion.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Two servers whose workers reach each other, on loopback, and a program that copies from a device
/// of the one to a device of the other.
final class DirectCopies implements AutoCloseable {
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Dialogue client;

    DirectCopies(Path distribution, String program, Path folder) throws IOException {
        Path secret = Files.createDirectories(folder).resolve("access.secret");
        try {
            BenchAppliance first =
                    new BenchAppliance(List.of(), distribution, folder.resolve("first"), secret);
            open.add(first);
            BenchAppliance second =
                    new BenchAppliance(List.of(), distribution, folder.resolve("second"), secret);
            open.add(second);
            client = new Dialogue(List.of(program), first.environment("127.0.0.1", second));
            open.add(client);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /// Bytes a second.
    double copied() throws IOException {
        return client.ask("peer");
    }

    @Override
    public void close() throws IOException {
        SlowLink.closeAll(open);
    }
}
