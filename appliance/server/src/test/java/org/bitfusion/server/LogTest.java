package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import java.nio.charset.StandardCharsets;
import org.bitfusion.server.log.StrangersFilter;
import org.junit.jupiter.api.Test;

class LogTest {
    /// A client says what its user and its program are called.
    @Test
    void whatAClientSaysMakesNoLineOfItsOwn() throws Exception {
        LoggerContext context = new LoggerContext();
        OutputStreamAppender<ILoggingEvent> appender = appender(context);
        LoggingEvent event =
                new LoggingEvent(
                        "",
                        context.getLogger("org.bitfusion.Some"),
                        Level.INFO,
                        "client={} granted",
                        null,
                        new Object[] {"alice\r\n2026 ERROR all is lost\u001b[2J"});
        String text = new String(appender.getEncoder().encode(event), StandardCharsets.UTF_8);
        assertThat(text).endsWith(" INFO  Some client=alice??2026 ERROR all is lost?[2J granted\n");
    }

    @Test
    void strangersAreCountedAtLast() throws Exception {
        assertThat(appender(new LoggerContext()).getCopyOfAttachedFiltersList())
                .hasOnlyElementsOfType(StrangersFilter.class)
                .hasSize(1);
    }

    private static OutputStreamAppender<ILoggingEvent> appender(LoggerContext context)
            throws Exception {
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(LogTest.class.getResource("/logback.xml"));
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        return (OutputStreamAppender<ILoggingEvent>) root.getAppender("error");
    }
}
