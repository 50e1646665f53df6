package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.InstantSource;
import java.util.Optional;
import javax.net.ssl.SSLSocket;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;

/// A client with a certificate of the pool that asks an appliance's dispatcher for a GPU, as it
/// would where no pool grants leases.
final class DirectRequest {
    private DirectRequest() {}

    /// @return the answer's status, one of CUDA's
    static int status(TestManager manager, Identity identity) throws IOException {
        TlsContext tls =
                TlsContext.client(
                        Optional.of(() -> identity),
                        PoolTrust.ofClient(
                                Certificates.readFile(manager.folder().resolve("tls/ca.crt")),
                                InstantSource.system()));
        try (SSLSocket socket =
                (SSLSocket)
                        tls.context()
                                .getSocketFactory()
                                .createSocket(manager.address(), manager.ports().dispatcher())) {
            socket.setSSLParameters(tls.parameters());
            socket.setSoTimeout(60_000);
            socket.startHandshake();
            Hello hello = Hello.of(Hello.KIND_LEASE, "test", Hello.NO_LEASE, 1);
            socket.getOutputStream().write(hello.bytes().array());
            Hello answer = Hello.read(read(socket, Hello.BYTES));
            assertThat(answer.answeredStatus()).isEqualTo(Hello.Status.WELCOME);
            Handshake handshake =
                    new Handshake(
                            hello,
                            answer,
                            ChannelBinding.accessSecret(socket.getSession()),
                            ChannelBinding.of(socket.getSession()));
            assertThat(handshake.serverIsProved()).isTrue();
            LeaseRequest request = new LeaseRequest(1, 0, 1 << 20, "test", "command", 1);
            ByteBuffer bytes =
                    ByteBuffer.allocate(Proof.BYTES + FrameHeader.BYTES + request.wireBytes());
            handshake.clientProof().write(bytes);
            request.writeFrame(bytes, 1);
            socket.getOutputStream().write(bytes.array(), 0, bytes.position());
            return FrameHeader.read(read(socket, FrameHeader.BYTES)).status();
        }
    }

    private static ByteBuffer read(SSLSocket socket, int count) throws IOException {
        byte[] bytes = socket.getInputStream().readNBytes(count);
        assertThat(bytes).hasSize(count);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
