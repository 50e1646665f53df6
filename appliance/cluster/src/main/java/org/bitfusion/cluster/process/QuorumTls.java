package org.bitfusion.cluster.process;

import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.TlsContext;

/// The context of the ports among members, both for who calls and for who is called; ZooKeeper
/// makes it by its name in the configuration.
public final class QuorumTls implements Supplier<SSLContext> {
    @Override
    public SSLContext get() {
        ProcessTrust trust = ProcessTrust.present();
        return TlsContext.server(
                        trust.identity(),
                        trust.trust(),
                        ClientCertificate.REQUIRED,
                        ProcessTrust.ACCEPTED)
                .context();
    }
}
