package org.bitfusion.tls.authority;

import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.CertificateWriter.Issuer;
import org.bitfusion.tls.authority.CertificateWriter.Subject;
import org.bitfusion.tls.authority.CertificateWriter.Validity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;
import org.bouncycastle.asn1.x509.GeneralName;

/// The pool's certificate authority: one root, and an intermediate each for appliances and clients.
/// It lies in the store, its keys sealed with the pool key. Every appliance that holds the pool key
/// opens the same authority and issues with the same intermediates, so any of them goes on when
/// others are dead (decision 0020). Thread-safe.
public final class CertificateAuthority {
    /// How far ahead of the issuer's clock a peer's may be, seen from behind: certificates begin
    /// that much before they are issued.
    public static final Duration SKEW = Duration.ofMinutes(5);

    /// The same for root and intermediates, which outlive a first appliance whose clock was wrong.
    static final Duration AUTHORITY_SKEW = Duration.ofDays(1);

    private final RecordStore store;
    private final PoolKey poolKey;
    private final Lifetimes lifetimes;
    private volatile AuthorityRecord record;

    private CertificateAuthority(
            RecordStore store, PoolKey poolKey, Lifetimes lifetimes, AuthorityRecord record) {
        this.store = store;
        this.poolKey = poolKey;
        this.lifetimes = lifetimes;
        this.record = record;
    }

    /// Makes the pool's authority. Of two that try at once one succeeds.
    ///
    /// @throws TlsException AUTHORITY_EXISTS
    public static CertificateAuthority create(
            RecordStore store, PoolKey poolKey, Lifetimes lifetimes, Instant now) {
        PoolId pool = PoolId.random(new SecureRandom());
        AuthorityRecord made = AuthorityRecord.make(pool, lifetimes, now);
        if (!store.create(AuthorityRecord.PLACE, made.encode(poolKey))) {
            throw new TlsException(
                    TlsError.AUTHORITY_EXISTS, "the pool has a certificate authority already");
        }
        return new CertificateAuthority(store, poolKey, lifetimes, made);
    }

    /// @throws TlsException AUTHORITY_MISSING, POOL_KEY_WRONG
    public static CertificateAuthority open(
            RecordStore store, PoolKey poolKey, Lifetimes lifetimes) {
        return new CertificateAuthority(store, poolKey, lifetimes, read(store, poolKey));
    }

    /// The root of the pool, for who may read the store but has no pool key; empty before the first
    /// start. It is as trustworthy as the store.
    public static Optional<X509Certificate> rootIn(RecordStore store) {
        return store.read(AuthorityRecord.PLACE).map(AuthorityRecord::rootOf);
    }

    public PoolId pool() {
        return record.pool();
    }

    public X509Certificate root() {
        return record.root();
    }

    public PoolKey poolKey() {
        return poolKey;
    }

    /// Reads again what other appliances may have changed.
    public void refresh() {
        record = read(store, poolKey);
    }

    /// @return the chain: the client's certificate, its intermediate
    /// @throws TlsException AUTHORITY_EXPIRED
    public List<X509Certificate> issueClient(
            ClientSubject subject, CertificateRequest request, Instant now) {
        return issue(
                new Subject(
                        PeerRole.CLIENT,
                        subject.name(),
                        List.of(uri(PeerRole.CLIENT, subject.id()))),
                request,
                now);
    }

    /// @return the chain: the appliance's certificate, its intermediate
    /// @throws TlsException AUTHORITY_EXPIRED
    public List<X509Certificate> issueAppliance(
            ApplianceSubject subject, CertificateRequest request, Instant now) {
        List<GeneralName> names = new ArrayList<>();
        names.add(uri(PeerRole.APPLIANCE, subject.id()));
        names.add(new GeneralName(GeneralName.dNSName, subject.name()));
        subject.hostNames().stream()
                .filter(host -> !host.equals(subject.name()))
                .forEach(host -> names.add(new GeneralName(GeneralName.dNSName, host)));
        subject.addresses()
                .forEach(address ->
                        names.add(
                                new GeneralName(
                                        GeneralName.iPAddress,
                                        ApplianceSubject.address(address).getHostAddress())));
        return issue(new Subject(PeerRole.APPLIANCE, subject.name(), names), request, now);
    }

    private GeneralName uri(PeerRole role, UUID id) {
        return new GeneralName(
                GeneralName.uniformResourceIdentifier, PeerIdentity.uri(pool(), role, id));
    }

    /// Whether a certificate for such a peer could be issued now.
    ///
    /// @throws TlsException AUTHORITY_EXPIRED
    public void requireIssuer(PeerRole role, Instant now) {
        Instant end = record.issuer(role).certificate().getNotAfter().toInstant();
        if (!now.isBefore(end)) {
            throw new TlsException(
                    TlsError.AUTHORITY_EXPIRED,
                    "the pool's intermediate certificate ended at "
                            + end
                            + "; bring the root key back and run: bitfusion tls-certs renew");
        }
    }

    private List<X509Certificate> issue(Subject subject, CertificateRequest request, Instant now) {
        Issuer issuer = record.issuer(subject.role());
        requireIssuer(subject.role(), now);
        Instant end = issuer.certificate().getNotAfter().toInstant();
        Duration lifetime =
                switch (subject.role()) {
                    case APPLIANCE -> lifetimes.appliances();
                    case CLIENT -> lifetimes.clients();
                };
        Instant until = now.plus(lifetime).isBefore(end) ? now.plus(lifetime) : end;
        X509Certificate certificate =
                new CertificateWriter(pool())
                        .peer(
                                subject,
                                request.publicKey(),
                                issuer,
                                new Validity(now.minus(SKEW), until));
        return List.of(certificate, issuer.certificate());
    }

    /// Makes new intermediates when the present ones no longer outlast two generations of peers.
    /// Certificates of the old ones stay good: their holders show them with the old intermediate.
    public IntermediateRenewal renewIntermediates(Instant now) {
        AuthorityRecord present = read(store, poolKey);
        Instant due = dueAt(present);
        if (now.isBefore(due)) {
            record = present;
            return new IntermediateRenewal.NotDue(due);
        }
        if (present.rootKey().isEmpty()) {
            return new IntermediateRenewal.RootKeyOffline(
                    present.clients().certificate().getNotAfter().toInstant());
        }
        write(present.renewed(lifetimes, now));
        return new IntermediateRenewal.Renewed(record.generation());
    }

    private Instant dueAt(AuthorityRecord present) {
        Duration longest =
                lifetimes.appliances().compareTo(lifetimes.clients()) > 0
                        ? lifetimes.appliances()
                        : lifetimes.clients();
        return present.clients()
                .certificate()
                .getNotAfter()
                .toInstant()
                .minus(longest.multipliedBy(2));
    }

    public boolean holdsRootKey() {
        return record.rootKey().isPresent();
    }

    /// The root key as PEM text under a passphrase, to be kept where no network leads.
    ///
    /// @throws TlsException ROOT_KEY_WRONG if it is offline already
    public String exportRootKey(char[] passphrase) {
        PrivateKey key =
                record.rootKey()
                        .orElseThrow(() ->
                                new TlsException(
                                        TlsError.ROOT_KEY_WRONG,
                                        "the root key is offline already"));
        return PrivateKeys.write(key, passphrase);
    }

    /// Removes the root key from the store. It is needed again only for new intermediates.
    ///
    /// @param exported what [#exportRootKey] gave, to show that it can be read
    public void takeRootKeyOffline(String exported, char[] passphrase) {
        requireRootKey(exported, passphrase);
        write(read(store, poolKey).withRootKey(Optional.empty()));
    }

    /// Puts the root key back.
    ///
    /// @throws TlsException ROOT_KEY_WRONG, PASSPHRASE_WRONG
    public void bringRootKeyBack(String exported, char[] passphrase) {
        PrivateKey key = requireRootKey(exported, passphrase);
        write(read(store, poolKey).withRootKey(Optional.of(key)));
    }

    private PrivateKey requireRootKey(String exported, char[] passphrase) {
        PrivateKey key = PrivateKeys.read(exported, Optional.of(passphrase));
        if (!Identity.belongTogether(key, root().getPublicKey())) {
            throw new TlsException(
                    TlsError.ROOT_KEY_WRONG,
                    "this is not the root key of pool " + pool() + "; take the file of this pool");
        }
        return key;
    }

    /// Over what was read; somebody else's change in between is not lost.
    private void write(AuthorityRecord next) {
        if (!store.compareAndSet(AuthorityRecord.PLACE, next.version(), next.encode(poolKey))) {
            throw new TlsException(
                    TlsError.STORE_CONTENDED,
                    "another appliance changed the authority just now; try again");
        }
        record = read(store, poolKey);
    }

    private static AuthorityRecord read(RecordStore store, PoolKey poolKey) {
        StoredRecord stored =
                store.read(AuthorityRecord.PLACE)
                        .orElseThrow(() ->
                                new TlsException(
                                        TlsError.AUTHORITY_MISSING,
                                        "the pool has no certificate authority yet; it is"
                                                + " made at the first start of its first"
                                                + " appliance"));
        return AuthorityRecord.decode(stored, poolKey);
    }

    @Override
    public String toString() {
        return "CertificateAuthority[pool " + pool() + "]";
    }
}
