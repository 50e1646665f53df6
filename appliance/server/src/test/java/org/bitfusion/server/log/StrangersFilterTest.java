package org.bitfusion.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

class StrangersFilterTest {
    private static final Marker STRANGERS = MarkerFactory.getMarker(StrangersFilter.MARKER);

    private final LoggerContext context = new LoggerContext();
    private final ListAppender<ILoggingEvent> written = new ListAppender<>();
    private final List<Long> told = new ArrayList<>();
    private final Logger log = context.getLogger("port");
    private Duration now = Duration.ofDays(3);

    @BeforeEach
    void attach() {
        written.addFilter(new StrangersFilter(() -> now.toNanos(), told::add));
        written.start();
        context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(written);
    }

    @Test
    void strangersFillNoLog() {
        for (int number = 0; number < 5000; number++) {
            log.warn(STRANGERS, "peer={} closed", number);
        }
        assertThat(written.list).hasSize(StrangersFilter.EACH_MINUTE);
        assertThat(told).isEmpty();

        now = now.plus(Duration.ofMinutes(1));
        log.warn(STRANGERS, "peer={} closed", "later");
        assertThat(told).containsExactly(5000L - StrangersFilter.EACH_MINUTE);
        assertThat(written.list.getLast().getFormattedMessage()).isEqualTo("peer=later closed");

        now = now.plus(Duration.ofMinutes(1));
        log.warn(STRANGERS, "peer={} closed", "later still");
        assertThat(told).hasSize(1);
    }

    @Test
    void whatElseIsSaidIsWritten() {
        for (int number = 0; number < 100; number++) {
            log.warn(STRANGERS, "peer={} closed", number);
            log.warn("lease={} granted", number);
        }
        log.warn(STRANGERS, "peer={} knows another secret", 1);
        assertThat(written.list).hasSize(StrangersFilter.EACH_MINUTE + 100 + 1);
    }

    @Test
    void howManyWereLeftOutIsWrittenBeforeTheNextOne() {
        LoggerContext present = (LoggerContext) LoggerFactory.getILoggerFactory();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(present);
        encoder.setPattern("%msg%n");
        encoder.start();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
        appender.setContext(present);
        appender.setEncoder(encoder);
        appender.setOutputStream(out);
        appender.addFilter(new StrangersFilter(() -> now.toNanos(), StrangersFilter::write));
        appender.start();
        ch.qos.logback.classic.Logger root = present.getLogger(Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        try {
            for (int number = 0; number < StrangersFilter.EACH_MINUTE + 7; number++) {
                present.getLogger("port").warn(STRANGERS, "peer={} closed", number);
            }
            now = now.plus(Duration.ofMinutes(1));
            present.getLogger("port").warn(STRANGERS, "peer={} closed", "later");
        } finally {
            root.detachAppender(appender);
        }
        assertThat(out.toString(StandardCharsets.UTF_8))
                .endsWith(
                        "7 lines like the next one were left out: strangers\npeer=later closed\n");
    }
}
