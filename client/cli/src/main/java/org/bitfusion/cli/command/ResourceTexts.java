package org.bitfusion.cli.command;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.options.Share;
import org.bitfusion.cli.session.Transcript;

/// What is said of requested GPUs, as the product says it.
///
/// @param transcript where
record ResourceTexts(Transcript transcript) {
    /// The block that begins with `Requested resources:`.
    void tell(List<ServerAddress> servers, Duration idleTimeout) {
        transcript.plain("Requested resources:");
        StringBuilder list = new StringBuilder("Server List:");
        for (ServerAddress server : servers) {
            list.append(' ').append(server);
        }
        transcript.plain(list.toString());
        transcript.plain("Client idle timeout: " + minutes(idleTimeout) + " min");
    }

    /// Rounded up, so that there is a 0 only where there is none.
    private static long minutes(Duration time) {
        return Math.ceilDiv(time.toSeconds(), 60);
    }

    /// As the product prints a list: `[0 1]`.
    static String list(List<?> elements) {
        StringBuilder text = new StringBuilder("[");
        for (Iterator<?> i = elements.iterator(); i.hasNext(); ) {
            text.append(i.next()).append(i.hasNext() ? " " : "");
        }
        return text.append(']').toString();
    }

    /// `1`, `0.5`, `0.8`; an amount in MiB as such.
    static String shown(Share share) {
        if (share instanceof Share.Mebibytes(long amount)) {
            return amount + " MiB";
        }
        return share instanceof Share.Fraction fraction ? fraction.decimal() : "1";
    }
}
