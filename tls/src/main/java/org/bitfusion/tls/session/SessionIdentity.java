package org.bitfusion.tls.session;

import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A key with a certificate that signed itself, for a worker's data port. Nobody trusts it for what
/// it says: the dispatcher tells the client its fingerprint over a connection that is trusted. So
/// no key of the pool or of an appliance is ever in a worker. They are made ahead of need, in the
/// dispatcher, which has BouncyCastle loaded.
public final class SessionIdentity {
    private static final Duration SKEW = Duration.ofDays(1);

    private SessionIdentity() {}

    /// @param life as long as a session may last: OpenSSL looks at the dates where asked to
    public static Identity create(Instant now, Duration life) {
        KeyPair pair = PrivateKeys.generate();
        X500Name name = new X500Name("CN=session,O=Bitfusion");
        JcaX509v3CertificateBuilder builder =
                new JcaX509v3CertificateBuilder(
                        name,
                        new BigInteger(126, new SecureRandom()).setBit(126),
                        Date.from(now.minus(SKEW).truncatedTo(ChronoUnit.SECONDS)),
                        Date.from(now.plus(life).truncatedTo(ChronoUnit.SECONDS)),
                        name,
                        pair.getPublic());
        try {
            byte[] der =
                    builder.build(
                                    new JcaContentSignerBuilder("SHA256withECDSA")
                                            .build(pair.getPrivate()))
                            .getEncoded();
            return new Identity(pair.getPrivate(), List.of(Certificates.decode(der)));
        } catch (OperatorCreationException | IOException exception) {
            throw new IllegalStateException("a certificate could not be written", exception);
        }
    }
}
