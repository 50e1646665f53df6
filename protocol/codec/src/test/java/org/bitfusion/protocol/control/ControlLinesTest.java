package org.bitfusion.protocol.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ControlLinesTest {
    @Test
    void reportsComeBackAsTheyWere() throws ProtocolException {
        List<WorkerReport> reports =
                List.of(
                        new WorkerReport.Hello(UUID.randomUUID()),
                        new WorkerReport.Resumed(UUID.randomUUID(), new UUID(1, -1), 1500),
                        new WorkerReport.Used(),
                        new WorkerReport.Device(
                                1,
                                new UUID(-5, 7),
                                "A GPU, 80 GB\n",
                                1L << 40,
                                9,
                                0,
                                "0000:3b:00.0"),
                        new WorkerReport.Device(0, new UUID(0, 0), "", 0, 0, 0, ""),
                        new WorkerReport.Ready(),
                        new WorkerReport.Failed("no GPU: \"x\" %20 +"),
                        new WorkerReport.Listening(45201),
                        new WorkerReport.NoPort(),
                        new WorkerReport.NoWindow(),
                        new WorkerReport.Connected(4711));
        for (WorkerReport report : reports) {
            assertThat(report.line()).doesNotContain("\n");
            assertThat(WorkerReport.parse(report.line())).isEqualTo(report);
        }
    }

    @Test
    void ordersComeBackAsTheyWere() throws ProtocolException {
        List<WorkerOrder> orders =
                List.of(
                        new WorkerOrder.Open(
                                "a-lease",
                                UUID.randomUUID(),
                                true,
                                Secret.random(new SecureRandom()),
                                45201,
                                46225,
                                0xffff_8000_0000_0000L,
                                1L << 39,
                                77,
                                "/bin/a program\n",
                                "/run/the lease.ledger",
                                "",
                                WorkerOrder.Open.SAME_USER,
                                List.of(
                                        new WorkerOrder.Share(3, 1L << 33),
                                        new WorkerOrder.Share(0, 5))),
                        new WorkerOrder.End(),
                        new WorkerOrder.End("idle for 5 min, é"));
        for (WorkerOrder order : orders) {
            assertThat(order.line()).doesNotContain("\n");
            assertThat(WorkerOrder.parse(order.line())).isEqualTo(order);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ready now",
                "hello",
                "resumed 1-2-3-4-5",
                "device 1",
                "listening 1 2",
                "listening",
                "what",
                "failed %zz"
            })
    void brokenReportsAreTheDeclaredException(String line) {
        assertThatThrownBy(() -> WorkerReport.parse(line)).isInstanceOf(ProtocolException.class);
    }

    @Test
    void aBrokenOrderDoesNotShowItsSecret() {
        String secret = Secret.random(new SecureRandom()).hex();
        assertThatThrownBy(() -> WorkerOrder.parse("open lease " + secret + " x"))
                .isInstanceOf(ProtocolException.class)
                .hasMessageNotContaining(secret);
    }
}
