package org.bitfusion.cluster.ensemble;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLSocket;
import org.bitfusion.cluster.Member;
import org.bitfusion.tls.context.TlsContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks each member's ZooKeeper, over TLS with the appliance's certificate, what it is now. It
/// needs no majority. Thread-safe.
public final class HealthProbe {
    private static final Logger LOG = LoggerFactory.getLogger(HealthProbe.class);

    /// ZooKeeper's word for it; the answer has a few lines.
    private static final byte[] QUESTION = "srvr".getBytes(StandardCharsets.US_ASCII);

    private static final int LONGEST_ANSWER = 4096;

    private final TlsContext context;
    private final Duration patience;

    /// @param context of the kind [TlsContext#client]
    /// @param patience for one member; all are asked at once
    public HealthProbe(TlsContext context, Duration patience) {
        this.context = context;
        this.patience = patience;
    }

    /// Asks all, and returns when each has answered or its time is over.
    public Health ask(Membership membership) {
        List<Health.MemberHealth> answers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<MemberState>> states =
                    membership.members().stream()
                            .map(member -> threads.submit(() -> state(member)))
                            .toList();
            for (int at = 0; at < states.size(); at++) {
                Member member = membership.members().get(at);
                answers.add(
                        new Health.MemberHealth(
                                member,
                                membership.voters().contains(member.number()),
                                result(states.get(at))));
            }
        }
        return new Health(answers);
    }

    private static MemberState result(Future<MemberState> state) {
        try {
            return state.get();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return MemberState.UNREACHABLE;
        } catch (ExecutionException exception) {
            throw new IllegalStateException(exception);
        }
    }

    private MemberState state(Member member) {
        int wait = (int) patience.toMillis();
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(member.host(), member.ports().client()), wait);
            plain.setSoTimeout(wait);
            try (SSLSocket socket =
                    (SSLSocket)
                            context.context()
                                    .getSocketFactory()
                                    .createSocket(
                                            plain, member.host(), member.ports().client(), true)) {
                socket.setSSLParameters(context.parameters());
                socket.getOutputStream().write(QUESTION);
                socket.getOutputStream().flush();
                return state(
                        new String(
                                socket.getInputStream().readNBytes(LONGEST_ANSWER),
                                StandardCharsets.ISO_8859_1));
            }
        } catch (IOException exception) {
            LOG.debug("member={} error={}", member.number(), exception.toString());
            return MemberState.UNREACHABLE;
        }
    }

    static MemberState state(String answer) {
        return answer.lines()
                .filter(line -> line.startsWith("Mode: "))
                .map(line ->
                        switch (line.substring("Mode: ".length())) {
                            case "leader" -> MemberState.LEADER;
                            case "follower" -> MemberState.FOLLOWER;
                            case "observer" -> MemberState.OBSERVER;
                            default -> MemberState.NO_MAJORITY;
                        })
                .findFirst()
                .orElse(
                        answer.contains("not currently serving")
                                ? MemberState.NO_MAJORITY
                                : MemberState.UNREACHABLE);
    }
}
