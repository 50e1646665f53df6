package org.bitfusion.ledger;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/// Who has taken how much of the memory of this machine's GPUs, in bytes, whichever dispatcher gave
/// it: a folder of files, one a GPU, that all dispatchers of the machine have in common, and a
/// member's account in them. An account counts as long as a process that joined with it, or holds
/// it, lives.
///
/// GPUs are named by their position. Thread-safe.
public final class HostLedger implements AutoCloseable {
    private static final int EVERYBODYS_AND_STICKY = 0_1777;

    private final List<HostFile> gpus;

    private HostLedger(List<HostFile> gpus) {
        this.gpus = gpus;
    }

    /// @param id as the GPU's driver says it
    /// @param bytes of memory that it has
    public record Gpu(UUID id, long bytes) {}

    /// Joins, making what is missing. A member that has joined before, and ended without having
    /// left, has what it had taken then, unless nobody held it and others needed it.
    ///
    /// @throws IOException if the folder or one of its files cannot be used
    public static HostLedger join(Path folder, UUID member, List<Gpu> gpus) throws IOException {
        makeFolder(folder);
        List<HostFile> files = new ArrayList<>();
        try {
            for (Gpu gpu : gpus) {
                files.add(HostFile.join(file(folder, gpu.id()), gpu.bytes(), member));
            }
        } catch (IOException | RuntimeException e) {
            files.forEach(HostFile::close);
            throw e;
        }
        return new HostLedger(files);
    }

    /// Has a member's account count as long as this process lives, too; nothing can be taken in it.
    ///
    /// @throws IOException if the member has none
    static HostLedger hold(Path folder, UUID member, List<UUID> gpus) throws IOException {
        List<HostFile> files = new ArrayList<>();
        try {
            for (UUID gpu : gpus) {
                files.add(HostFile.hold(file(folder, gpu), member));
            }
        } catch (IOException | RuntimeException e) {
            files.forEach(HostFile::close);
            throw e;
        }
        return new HostLedger(files);
    }

    private static Path file(Path folder, UUID gpu) {
        return folder.resolve("gpu-" + gpu);
    }

    private static void makeFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(folder);
            Files.setAttribute(folder, "unix:mode", EVERYBODYS_AND_STICKY);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    /// What this account has taken.
    public long taken(int gpu) {
        return ask(gpu, 0L, HostFile::taken);
    }

    /// What nobody has taken.
    public long free(int gpu) {
        return ask(gpu, 0L, HostFile::free);
    }

    /// @return false if so much is not free
    public boolean take(int gpu, long bytes) {
        return ask(gpu, false, file -> file.take(bytes));
    }

    /// Gives back at most what was taken.
    public void giveBack(int gpu, long bytes) {
        change(gpu, file -> file.setTaken(Math.max(0, file.taken() - Math.max(0, bytes))));
    }

    /// This account has taken so much, whatever others have.
    public void setTaken(int gpu, long bytes) {
        change(gpu, file -> file.setTaken(bytes));
    }

    /// Says that the files are in use, to what cleans folders of old ones.
    public void refresh() {
        for (int gpu = 0; gpu < gpus.size(); gpu++) {
            change(gpu, file -> file.setTaken(file.taken()));
        }
    }

    /// Gives up the account with all that was taken, then closes.
    public void leave() {
        for (int gpu = 0; gpu < gpus.size(); gpu++) {
            change(gpu, HostFile::leave);
        }
        close();
    }

    private void change(int gpu, Consumer<HostFile> how) {
        var _ =
                ask(
                        gpu,
                        false,
                        file -> {
                            how.accept(file);
                            return true;
                        });
    }

    /// @param otherwise of a file that cannot be used any more, as when another user has cut it
    ///   off: nothing is free then, and who has taken something goes on
    private <T> T ask(int gpu, T otherwise, Function<HostFile, T> what) {
        HostFile file = gpus.get(gpu);
        synchronized (file) {
            try {
                return what.apply(file);
            } catch (UncheckedIOException e) {
                return otherwise;
            }
        }
    }

    /// The account stays, as long as another process holds it or nobody needs what it has taken.
    @Override
    public void close() {
        gpus.forEach(HostFile::close);
    }
}
