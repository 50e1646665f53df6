package org.bitfusion.server.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.slf4j.LoggerFactory;

/// Lines about those who have proved nothing, of whom there may be any number: of each kind the
/// first [#EACH_MINUTE] of a minute are written, then none; the next one after that minute comes
/// with one line that says how many were left out. They carry the marker [#MARKER]; lines without
/// it pass.
///
/// Thread-safe.
public final class StrangersFilter extends Filter<ILoggingEvent> {
    /// The name of the marker.
    static final String MARKER = "strangers";

    /// Enough for an administrator to see who is refused and why.
    static final int EACH_MINUTE = 20;

    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final LongSupplier nanoClock;
    private final LongConsumer tell;

    /// By what is said; there are as many as the program has such lines.
    private final Map<String, Count> counts = new HashMap<>();

    private static final class Count {
        private long since;
        private int written;
        private long leftOut;
    }

    /// For Logback.
    public StrangersFilter() {
        this(System::nanoTime, StrangersFilter::write);
    }

    /// By another thread: an appender takes nothing from one that it is just asking its filters
    /// for.
    static void write(long leftOut) {
        Thread writer =
                Thread.ofPlatform()
                        .daemon()
                        .start(() ->
                                LoggerFactory.getLogger(StrangersFilter.class)
                                        .warn(
                                                "{} lines like the next one were left out: strangers",
                                                leftOut));
        try {
            writer.join(Duration.ofSeconds(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// @param nanoClock as [System#nanoTime]
    /// @param tell is told how many were left out
    StrangersFilter(LongSupplier nanoClock, LongConsumer tell) {
        this.nanoClock = nanoClock;
        this.tell = tell;
    }

    @Override
    public FilterReply decide(ILoggingEvent event) {
        boolean isOfStranger =
                event.getMarkerList() != null
                        && event.getMarkerList().stream()
                                .anyMatch(marker -> marker.getName().equals(MARKER));
        if (!isOfStranger) {
            return FilterReply.NEUTRAL;
        }
        long leftOut;
        synchronized (counts) {
            long now = nanoClock.getAsLong();
            Count count =
                    counts.computeIfAbsent(
                            event.getLoggerName() + " " + event.getMessage(), _ -> new Count());
            if (count.written == 0 || now - count.since >= MINUTE) {
                count.since = now;
                count.written = 0;
            }
            if (count.written == EACH_MINUTE) {
                count.leftOut++;
                return FilterReply.DENY;
            }
            count.written++;
            leftOut = count.leftOut;
            count.leftOut = 0;
        }
        if (leftOut > 0) {
            tell.accept(leftOut);
        }
        return FilterReply.NEUTRAL;
    }
}
