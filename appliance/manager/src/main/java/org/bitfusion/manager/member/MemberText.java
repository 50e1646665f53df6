package org.bitfusion.manager.member;

import java.util.UUID;
import org.bitfusion.cluster.Member;

/// A member as one appliance's manager tells another's.
public record MemberText(
        int number,
        UUID appliance,
        String host,
        int quorumPort,
        int electionPort,
        int clientPort,
        boolean votes) {
    public static MemberText of(Member member, boolean votes) {
        return new MemberText(
                member.number(),
                member.appliance(),
                member.host(),
                member.ports().quorum(),
                member.ports().election(),
                member.ports().client(),
                votes);
    }

    Member member() {
        return new Member(
                number, appliance, host, new Member.Ports(quorumPort, electionPort, clientPort));
    }
}
