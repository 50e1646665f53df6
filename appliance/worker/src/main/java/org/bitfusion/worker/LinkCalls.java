package org.bitfusion.worker;

import java.nio.ByteBuffer;
import org.bitfusion.protocol.message.LinkAck;
import org.bitfusion.protocol.message.LinkHandler;
import org.bitfusion.protocol.message.LinkHeartbeat;
import org.bitfusion.protocol.message.LinkLeaving;
import org.bitfusion.protocol.message.LinkPack;
import org.bitfusion.protocol.message.Ping;
import org.bitfusion.protocol.message.PingAnswer;
import org.bitfusion.protocol.message.PingHandler;

/// The messages about the connection itself.
final class LinkCalls implements LinkHandler, PingHandler {
    private final SessionState session;

    LinkCalls(SessionState session) {
        this.session = session;
    }

    @Override
    public void ack(LinkAck message) {
        session.writer.acknowledged(message.received());
    }

    @Override
    public void heartbeat(LinkHeartbeat message) {
        session.link.acknowledge();
    }

    @Override
    public void leaving(LinkLeaving message) {
        session.link.leaving();
    }

    @Override
    public void pack(LinkPack message, int payloadBytes, ByteBuffer buffered) {
        throw new IllegalStateException("the reader hands over what is in it");
    }

    @Override
    public void ping(int request, Ping message) {
        PingAnswer answer = new PingAnswer(message.data());
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }
}
