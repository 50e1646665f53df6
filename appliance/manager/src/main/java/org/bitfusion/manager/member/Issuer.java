package org.bitfusion.manager.member;

import java.util.function.Supplier;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.enrolment.Enrolment;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.token.EnrolmentTokens;

/// What an appliance with the pool key can do: open the authority, issue, make tokens.
public record Issuer(CertificateAuthority authority, EnrolmentTokens tokens, Enrolment enrolment) {
    /// @throws org.bitfusion.tls.TlsException POOL_KEY_WRONG, STORE_FAILED
    static Issuer open(RecordStore store, PoolKey key, Supplier<RevocationSnapshot> revocations) {
        ClientDirectory clients = new ClientDirectory(store);
        CertificateAuthority authority = CertificateAuthority.open(store, key, Lifetimes.DEFAULT);
        EnrolmentTokens tokens = new EnrolmentTokens(store, authority);
        return new Issuer(
                authority, tokens, new Enrolment(authority, tokens, revocations, clients::isFull));
    }

    @Override
    public String toString() {
        return "Issuer[" + authority + "]";
    }
}
