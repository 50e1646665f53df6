package org.bitfusion.tls.revocation;

import java.math.BigInteger;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;

/// What is no longer let in.
public sealed interface Revoked {
    /// One certificate: its holder may have another.
    record OfCertificate(BigInteger serial) implements Revoked {
        public OfCertificate {
            if (serial.signum() <= 0 || serial.bitLength() > 160) {
                throw new IllegalArgumentException(
                        "serial: " + serial + " (expected: positive, at most 20 bytes)");
            }
        }
    }

    /// A client or an appliance, with all certificates that it has and had.
    record OfPeer(PeerRole role, UUID id) implements Revoked {}

    /// As records are named: `serial-3fa0…`, `client-83a890bb-…`.
    default String key() {
        return switch (this) {
            case OfCertificate(BigInteger serial) -> "serial-" + serial.toString(16);
            case OfPeer(PeerRole role, UUID id) -> role.word() + "-" + id;
        };
    }

    /// Whether a peer with such a certificate is meant.
    default boolean concerns(PeerIdentity peer) {
        return switch (this) {
            case OfCertificate(BigInteger serial) -> serial.equals(peer.serial());
            case OfPeer(PeerRole role, UUID id) -> role == peer.role() && id.equals(peer.id());
        };
    }

    static Optional<Revoked> parse(String key) {
        Matcher serial = Forms.SERIAL.matcher(key);
        Matcher peer = Forms.PEER.matcher(key);
        if (serial.matches()) {
            return Optional.of(new OfCertificate(new BigInteger(serial.group(1), 16)));
        }
        if (peer.matches()) {
            PeerRole role =
                    peer.group(1).equals(PeerRole.CLIENT.word())
                            ? PeerRole.CLIENT
                            : PeerRole.APPLIANCE;
            return Optional.of(new OfPeer(role, UUID.fromString(peer.group(2))));
        }
        return Optional.empty();
    }

    /// How keys look.
    final class Forms {
        private static final Pattern SERIAL = Pattern.compile("serial-([1-9a-f][0-9a-f]{0,39})");
        private static final Pattern PEER =
                Pattern.compile("(client|appliance)-([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})");

        private Forms() {}
    }
}
