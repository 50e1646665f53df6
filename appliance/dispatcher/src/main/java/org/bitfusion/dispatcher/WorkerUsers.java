package org.bitfusion.dispatcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;
import org.bitfusion.dispatcher.DispatcherSettings.UserRange;

/// Users of the operating system as whom workers run: those of one lease as the same, no two leases
/// as the same, those without a lease as one of their own. The files of a lease belong to its user,
/// which says for the next dispatcher, too, who it is.
///
/// Used by one thread only.
final class WorkerUsers {
    private final Optional<UserRange> range;
    private final BitSet taken = new BitSet();

    /// @param range of numbers that nobody else uses; empty: all workers run as the dispatcher does
    WorkerUsers(Optional<UserRange> range) {
        this.range = range;
    }

    /// Whether workers have users of their own.
    boolean areUsed() {
        return range.isPresent();
    }

    /// Gives the file or folder to a user that nobody has; the dispatcher's stays where none are
    /// used.
    ///
    /// @throws IOException if all are taken
    void giveToNext(Path file) throws IOException {
        if (range.isEmpty()) {
            return;
        }
        int first = range.get().first();
        int next = taken.nextClearBit(0);
        if (next > range.get().last() - first) {
            throw new IOException("all users of workers are taken");
        }
        give(file, first + next);
        taken.set(next);
    }

    static void give(Path file, int user) throws IOException {
        Files.setAttribute(file, "unix:gid", user, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(file, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
    }

    /// Whose the file is, as it was given; empty where none are used.
    OptionalInt of(Path file) throws IOException {
        return range.isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of((int) Files.getAttribute(file, "unix:uid"));
    }

    /// The owner of a file that an earlier dispatcher gave away is taken.
    void claim(Path file) throws IOException {
        of(file).ifPresent(user -> {
            int number = user - range.orElseThrow().first();
            if (number >= 0) {
                taken.set(number);
            }
        });
    }

    /// Nobody is the file's owner any more.
    void giveBack(Path file) throws IOException {
        of(file).ifPresent(user -> {
            int number = user - range.orElseThrow().first();
            if (number >= 0) {
                taken.clear(number);
            }
        });
    }
}
