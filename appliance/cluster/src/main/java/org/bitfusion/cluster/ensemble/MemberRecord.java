package org.bitfusion.cluster.ensemble;

import java.util.UUID;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.Member;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.Fields;

/// A member as a record under `/members`.
final class MemberRecord {
    private static final String KIND = "member";

    private MemberRecord() {}

    static byte[] encode(Member member) {
        return Fields.of(KIND)
                .with("appliance", member.appliance().toString())
                .with("host", member.host())
                .with("quorum-port", member.ports().quorum())
                .with("election-port", member.ports().election())
                .with("client-port", member.ports().client())
                .encode();
    }

    /// @throws ClusterException RECORD_DAMAGED
    static Member decode(int number, byte[] content) {
        try {
            Fields fields = Fields.decode(KIND, content);
            return new Member(
                    number,
                    UUID.fromString(fields.text("appliance")),
                    fields.text("host"),
                    new Member.Ports(
                            Math.toIntExact(fields.number("quorum-port")),
                            Math.toIntExact(fields.number("election-port")),
                            Math.toIntExact(fields.number("client-port"))));
        } catch (TlsException | IllegalArgumentException | ArithmeticException exception) {
            throw new ClusterException(
                    ClusterError.RECORD_DAMAGED,
                    "the record of member " + number + ": " + exception.getMessage(),
                    exception);
        }
    }
}
