package org.bitfusion.manager.web;

import java.time.Duration;
import org.apache.catalina.connector.Connector;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;
import org.bitfusion.tls.context.TlsContext;
import org.springframework.boot.tomcat.TomcatConnectorCustomizer;

/// Tomcat's connector: TLS 1.3 by a [TlsContext], and limits to what a stranger can make it wait
/// for or keep, and to how many connections.
final class SecurePort implements TomcatConnectorCustomizer {
    /// For the next bytes of a request line, headers, or a body.
    private static final Duration SILENCE = Duration.ofSeconds(10);

    /// Between two requests of a connection.
    private static final Duration IDLE = Duration.ofSeconds(60);

    private static final int MOST_CONNECTIONS = 2048;

    /// Strangers go before Tomcat accepts no more. One place may be many machines behind one
    /// address, each of which needs a moment to prove itself.
    static final Crowd.Limits LIMITS = new Crowd.Limits(MOST_CONNECTIONS - 48, 1024, 256, 1024);

    private static final int MOST_HEADER_BYTES = 16 * 1024;
    private static final int MOST_HEADERS = 64;
    private static final int MOST_PARAMETERS = 64;

    private final TlsContext context;
    private final Crowd<String> crowd;

    SecurePort(TlsContext context, Crowd<String> crowd) {
        this.context = context;
        this.crowd = crowd;
    }

    @Override
    public void customize(Connector connector) {
        connector.setScheme("https");
        connector.setSecure(true);
        connector.setMaxPostSize(BodyLimit.MOST_BYTES);
        connector.setMaxParameterCount(MOST_PARAMETERS);
        connector.setXpoweredBy(false);
        CrowdedProtocol protocol = (CrowdedProtocol) connector.getProtocolHandler();
        protocol.use(crowd);
        protocol.setConnectionTimeout((int) SILENCE.toMillis());
        protocol.setKeepAliveTimeout((int) IDLE.toMillis());
        protocol.setConnectionUploadTimeout((int) SILENCE.toMillis());
        protocol.setDisableUploadTimeout(false);
        protocol.setMaxConnections(MOST_CONNECTIONS);
        protocol.setMaxHttpRequestHeaderSize(MOST_HEADER_BYTES);
        protocol.setMaxHeaderCount(MOST_HEADERS);
        protocol.setMaxSwallowSize(BodyLimit.MOST_BYTES);
        protocol.setMaxSavePostSize(0);
        protocol.setSSLEnabled(true);
        SSLHostConfig host = new SSLHostConfig();
        host.setProtocols("TLSv1.3");
        host.setCertificateVerification("optional");
        SSLHostConfigCertificate certificate =
                new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.UNDEFINED);
        certificate.setSslContext(new PoolSslContext(context));
        host.addCertificate(certificate);
        connector.addSslHostConfig(host);
    }
}
