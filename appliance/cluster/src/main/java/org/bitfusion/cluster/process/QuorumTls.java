package org.bitfusion.cluster.process;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.HandshakeCompletedEvent;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.TlsContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The context of the ports among members, both for who calls and for who is called; ZooKeeper
/// makes it by its name in the configuration. Who is at the other end is looked at after each
/// handshake, too: a session that is resumed has none in which the certificate is.
public final class QuorumTls implements Supplier<SSLContext> {
    private static final Logger LOG = LoggerFactory.getLogger(QuorumTls.class);

    @Override
    public SSLContext get() {
        ProcessTrust trust = ProcessTrust.present();
        SSLContext context =
                TlsContext.server(
                                trust.identity(),
                                trust.trust(),
                                ClientCertificate.REQUIRED,
                                ProcessTrust.ACCEPTED)
                        .context();
        return NoticingContext.of(
                context,
                socket ->
                        socket.addHandshakeCompletedListener(
                                event -> trust.open().add(event.getSocket(), chain(event))));
    }

    private static List<X509Certificate> chain(HandshakeCompletedEvent event) {
        List<X509Certificate> chain = new ArrayList<>();
        try {
            for (Certificate certificate : event.getPeerCertificates()) {
                chain.add((X509Certificate) certificate);
            }
        } catch (SSLPeerUnverifiedException exception) {
            LOG.debug("no certificate", exception); // an empty chain is not believed
        }
        return chain;
    }
}
