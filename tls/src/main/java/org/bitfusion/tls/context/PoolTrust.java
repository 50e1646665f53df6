package org.bitfusion.tls.context;

import java.security.InvalidAlgorithmParameterException;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.jspecify.annotations.Nullable;

/// What one side believes: the pool's roots and nothing else, minus what is revoked, at the given
/// time. Immutable and thread-safe.
public final class PoolTrust {
    /// A peer, an intermediate, a root.
    private static final int MOST_CERTIFICATES = 4;

    /// RFC 5280, 4.2.1.12.
    private static final String SERVER_USAGE = "1.3.6.1.5.5.7.3.1";

    private static final String CLIENT_USAGE = "1.3.6.1.5.5.7.3.2";

    private final List<X509Certificate> roots;
    private final Supplier<RevocationSnapshot> revocations;
    private final InstantSource clock;
    private final boolean isClient;
    private final PoolId pool;

    private PoolTrust(
            List<X509Certificate> roots,
            Supplier<RevocationSnapshot> revocations,
            InstantSource clock,
            boolean isClient) {
        this.roots = List.copyOf(roots);
        this.revocations = revocations;
        this.clock = clock;
        this.isClient = isClient;
        this.pool =
                roots.stream()
                        .findFirst()
                        .flatMap(Remedies::pool)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "roots: (expected: the root of a pool)"));
    }

    /// Of a client, which knows only what lies in its `ca.crt`.
    ///
    /// @param roots of the pool, one but while a pool changes its root
    public static PoolTrust ofClient(List<X509Certificate> roots, InstantSource clock) {
        return new PoolTrust(roots, () -> RevocationSnapshot.EMPTY, clock, true);
    }

    /// Of an appliance.
    ///
    /// @param revocations as of now, asked at each check
    public static PoolTrust ofAppliance(
            List<X509Certificate> roots,
            Supplier<RevocationSnapshot> revocations,
            InstantSource clock) {
        return new PoolTrust(roots, revocations, clock, false);
    }

    public PoolId pool() {
        return pool;
    }

    public List<X509Certificate> roots() {
        return roots;
    }

    /// Whether the chain is one of the pool's, for one of the accepted roles, now.
    ///
    /// @param chain the peer's own certificate first, as it came
    /// @throws PeerRefused with what to do
    public PeerIdentity check(List<X509Certificate> chain, Set<PeerRole> accepted)
            throws PeerRefused {
        if (chain.isEmpty() || chain.size() > MOST_CERTIFICATES) {
            throw Remedies.malformed("has " + chain.size() + " certificates (expected: 1 to 4)");
        }
        Instant now = clock.instant();
        List<X509Certificate> path =
                chain.stream().filter(certificate -> !roots.contains(certificate)).toList();
        validate(chain.getFirst(), path, now);
        X509Certificate own = path.getFirst();
        // Its issuer was signed by the root, so what it says of the role is the pool's word.
        if (path.size() != 2) {
            throw Remedies.malformed("has no intermediate of the pool");
        }
        PeerRole role = mayBeServer(path.get(1)) ? PeerRole.APPLIANCE : PeerRole.CLIENT;
        Optional<PeerIdentity> peer = PeerIdentity.of(own);
        if (peer.isEmpty()
                || peer.get().role() != role
                || !peer.get().pool().equals(pool)
                || mayBeServer(own) != (role == PeerRole.APPLIANCE)) {
            throw Remedies.malformed("does not say what its holder is");
        }
        if (!accepted.contains(role)) {
            throw Remedies.wrongRole(own, role, isClient);
        }
        Optional<Revocation> revocation = revocations.get().find(peer.get());
        if (revocation.isPresent()) {
            throw Remedies.revoked(own, revocation.get());
        }
        return peer.get();
    }

    private void validate(X509Certificate own, List<X509Certificate> path, Instant now)
            throws PeerRefused {
        try {
            Set<TrustAnchor> anchors =
                    roots.stream()
                            .map(root -> new TrustAnchor(root, null))
                            .collect(Collectors.toSet());
            PKIXParameters parameters = new PKIXParameters(anchors);
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(now));
            CertPathValidator.getInstance("PKIX")
                    .validate(
                            CertificateFactory.getInstance("X.509").generateCertPath(path),
                            parameters);
        } catch (CertPathValidatorException exception) {
            X509Certificate blamed =
                    exception.getIndex() >= 0 && exception.getIndex() < path.size()
                            ? path.get(exception.getIndex())
                            : own;
            if (exception.getReason() == BasicReason.EXPIRED) {
                throw Remedies.expired(blamed, now, isClient);
            }
            if (exception.getReason() == BasicReason.NOT_YET_VALID) {
                throw Remedies.notYetValid(blamed, now);
            }
            throw Remedies.unknownAuthority(own, pool, isClient);
        } catch (CertificateException exception) {
            throw Remedies.malformed("makes no sense");
        } catch (InvalidAlgorithmParameterException | NoSuchAlgorithmException exception) {
            throw new IllegalStateException("this JVM cannot check certificates", exception);
        }
    }

    private static boolean mayBeServer(X509Certificate certificate) throws PeerRefused {
        @Nullable List<String> usages;
        try {
            usages = certificate.getExtendedKeyUsage();
        } catch (CertificateParsingException exception) {
            throw Remedies.malformed("makes no sense");
        }
        if (usages == null || !usages.contains(CLIENT_USAGE)) {
            throw Remedies.malformed("does not say what its holder may be");
        }
        return usages.contains(SERVER_USAGE);
    }
}
