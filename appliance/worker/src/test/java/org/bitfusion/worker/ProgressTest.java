package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Pipe;
import java.util.List;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.message.Point;
import org.bitfusion.protocol.message.StreamReached;
import org.bitfusion.worker.wire.FrameWriter;
import org.junit.jupiter.api.Test;

class ProgressTest {
    @Test
    void pointsOfTheReaderTravelTogetherInTheirOrder() throws IOException {
        Pipe pipe = Pipe.open();
        FrameWriter writer = new FrameWriter(pipe.sink());
        Progress progress = new Progress(writer, new KernelOutput(writer), () -> true);
        for (int i = 1; i <= 3; i++) {
            progress.failed(40 + i, i);
        }
        progress.burstEnds();
        progress.burstEnds();
        assertThat(positions(pipe)).containsExactly(1L, 2L, 3L);
        progress.failed(50, 9);
        progress.burstEnds();
        assertThat(positions(pipe)).containsExactly(9L);
    }

    @Test
    void pointsOfOtherThreadsAreSentAtOnce() throws IOException, InterruptedException {
        Pipe pipe = Pipe.open();
        FrameWriter writer = new FrameWriter(pipe.sink());
        Progress progress = new Progress(writer, new KernelOutput(writer), () -> false);
        Thread other = Thread.ofPlatform().start(() -> progress.failed(41, 7));
        assertThat(positions(pipe)).containsExactly(7L);
        other.join();
    }

    private static List<Long> positions(Pipe pipe) throws IOException {
        ByteBuffer head = read(pipe, FrameHeader.BYTES);
        assertThat(head.getShort(4)).isEqualTo((short) StreamReached.CALL);
        return StreamReached.read(read(pipe, head.getInt(0))).points().stream()
                .map(Point::position)
                .toList();
    }

    private static ByteBuffer read(Pipe pipe, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            assertThat(pipe.source().read(buffer)).isNotNegative();
        }
        return buffer.flip();
    }
}
