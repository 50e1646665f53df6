package org.bitfusion.tls.authority;

import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.CertificateWriter.Issuer;
import org.bitfusion.tls.authority.CertificateWriter.Validity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.StoredRecord;

/// The authority as it lies in the store: certificates in clear, keys sealed with the pool key, all
/// signed with it. Opened it holds the keys, so it never leaves this package.
///
/// @param rootKey absent while it is kept offline
/// @param version of the stored record
record AuthorityRecord(
        PoolId pool,
        X509Certificate root,
        Optional<PrivateKey> rootKey,
        int generation,
        Issuer appliances,
        Issuer clients,
        long version) {
    static final RecordPath PLACE = new RecordPath("authority", "pool");

    private static final String KIND = "authority";

    static AuthorityRecord make(PoolId pool, Lifetimes lifetimes, Instant now) {
        Instant from = now.minus(CertificateAuthority.AUTHORITY_SKEW);
        KeyPair pair = PrivateKeys.generate();
        X509Certificate root =
                new CertificateWriter(pool)
                        .root(pair, new Validity(from, now.plus(lifetimes.root())));
        Issuer issuer = new Issuer(root, pair.getPrivate());
        return new AuthorityRecord(
                pool,
                root,
                Optional.of(pair.getPrivate()),
                1,
                intermediate(pool, PeerRole.APPLIANCE, 1, issuer, validity(root, lifetimes, now)),
                intermediate(pool, PeerRole.CLIENT, 1, issuer, validity(root, lifetimes, now)),
                0);
    }

    /// With new intermediates; the root key must be there.
    AuthorityRecord renewed(Lifetimes lifetimes, Instant now) {
        Issuer issuer = new Issuer(root, rootKey.orElseThrow());
        int next = generation + 1;
        return new AuthorityRecord(
                pool,
                root,
                rootKey,
                next,
                intermediate(
                        pool, PeerRole.APPLIANCE, next, issuer, validity(root, lifetimes, now)),
                intermediate(pool, PeerRole.CLIENT, next, issuer, validity(root, lifetimes, now)),
                version);
    }

    AuthorityRecord withRootKey(Optional<PrivateKey> key) {
        return new AuthorityRecord(pool, root, key, generation, appliances, clients, version);
    }

    Issuer issuer(PeerRole role) {
        return switch (role) {
            case APPLIANCE -> appliances;
            case CLIENT -> clients;
        };
    }

    byte[] encode(PoolKey poolKey) {
        Fields fields =
                Fields.of(KIND)
                        .with("pool", pool.value())
                        .with("pool-key", poolKey.fingerprint())
                        .with("generation", generation)
                        .with("root", Certificates.encode(root))
                        .with("appliances", Certificates.encode(appliances.certificate()))
                        .with("appliances-key", sealed(poolKey, "appliances", appliances.key()))
                        .with("clients", Certificates.encode(clients.certificate()))
                        .with("clients-key", sealed(poolKey, "clients", clients.key()));
        if (rootKey.isPresent()) {
            fields = fields.with("root-key", sealed(poolKey, "root", rootKey.get()));
        }
        return poolKey.encode(PLACE, fields);
    }

    /// @throws TlsException POOL_KEY_WRONG, RECORD_DAMAGED
    static AuthorityRecord decode(StoredRecord stored, PoolKey poolKey) {
        String maker = Fields.decode(KIND, stored.content()).text("pool-key");
        if (!maker.equals(poolKey.fingerprint())) {
            throw new TlsException(
                    TlsError.POOL_KEY_WRONG,
                    "this appliance's pool key has the fingerprint "
                            + poolKey.fingerprint()
                            + ", the pool's authority was made with "
                            + maker
                            + "; copy the pool key of an appliance that can issue");
        }
        Fields fields = poolKey.decode(PLACE, KIND, stored.content());
        PoolId pool =
                PoolId.parse(fields.text("pool"))
                        .orElseThrow(() ->
                                new TlsException(
                                        TlsError.RECORD_DAMAGED,
                                        "the authority record has no pool's name"));
        return new AuthorityRecord(
                pool,
                Certificates.decode(fields.bytes("root")),
                fields.find("root-key").map(_ -> opened(poolKey, fields, "root")),
                (int) fields.number("generation"),
                issuer(poolKey, fields, "appliances"),
                issuer(poolKey, fields, "clients"),
                stored.version());
    }

    /// Who may read the store can read that much.
    static X509Certificate rootOf(StoredRecord stored) {
        return Certificates.decode(Fields.decode(KIND, stored.content()).bytes("root"));
    }

    private static Issuer intermediate(
            PoolId pool, PeerRole role, int generation, Issuer root, Validity validity) {
        KeyPair pair = PrivateKeys.generate();
        X509Certificate certificate =
                new CertificateWriter(pool)
                        .intermediate(role, generation, pair.getPublic(), root, validity);
        return new Issuer(certificate, pair.getPrivate());
    }

    private static Validity validity(X509Certificate root, Lifetimes lifetimes, Instant now) {
        Instant end = root.getNotAfter().toInstant();
        Instant until = now.plus(lifetimes.intermediates());
        return new Validity(
                now.minus(CertificateAuthority.AUTHORITY_SKEW), until.isBefore(end) ? until : end);
    }

    private static Issuer issuer(PoolKey poolKey, Fields fields, String name) {
        return new Issuer(Certificates.decode(fields.bytes(name)), opened(poolKey, fields, name));
    }

    private static byte[] sealed(PoolKey poolKey, String name, PrivateKey key) {
        return poolKey.seal("authority " + name, key.getEncoded());
    }

    private static PrivateKey opened(PoolKey poolKey, Fields fields, String name) {
        byte[] encoded = poolKey.open("authority " + name, fields.bytes(name + "-key"));
        try {
            return PrivateKeys.decode(encoded);
        } finally {
            Arrays.fill(encoded, (byte) 0);
        }
    }

    @Override
    public String toString() {
        return "AuthorityRecord[pool " + pool + ", generation " + generation + "]";
    }
}
