package org.bitfusion.cli.pool;

import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.connection.PoolTls;
import org.bitfusion.tls.context.HandshakeFailure;
import org.jspecify.annotations.Nullable;

/// The managers of a pool, of which any is as good as another: they are asked one after the other
/// until one answers, the one that answered last before the others. Used by one thread at a time.
public final class Pool implements AutoCloseable {
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private final List<ServerAddress> managers;
    private final PoolTls tls;
    private final Optional<String> authorization;
    private final Notices notices;
    private final Set<ServerAddress> told = new HashSet<>();
    private @Nullable HttpConnection connection;

    /// @param managers at least one; the order is that in which they are asked
    /// @param authorization header of that name
    public Pool(
            List<ServerAddress> managers,
            PoolTls tls,
            Optional<String> authorization,
            Notices notices) {
        this.managers = new ArrayList<>(managers);
        this.tls = tls;
        this.authorization = authorization;
        this.notices = notices;
    }

    /// The same managers over connections of its own, for another thread.
    Pool again(Notices other) {
        return new Pool(managers, tls, authorization, other);
    }

    /// A request.
    ///
    /// @param body what becomes JSON; null: none
    /// @param mayRepeat whether doing it twice is the same as once: then another manager is asked
    ///   also where this one may have done it already
    public record Request(
            String method,
            String target,
            @Nullable Object body,
            boolean mayRepeat,
            Duration limit) {
        public static Request get(String target) {
            return new Request("GET", target, null, true, ANSWER);
        }

        public static Request post(String target, Object body) {
            return new Request("POST", target, body, false, ANSWER);
        }

        public static Request patch(String target, Object body) {
            return new Request("PATCH", target, body, true, ANSWER);
        }

        public static Request delete(String target) {
            return new Request("DELETE", target, null, true, ANSWER);
        }

        Request within(Duration time) {
            return new Request(method, target, body, mayRepeat, time);
        }

        Request repeatable() {
            return new Request(method, target, body, true, limit);
        }
    }

    /// Asks.
    ///
    /// @return the answer of a manager that could be asked: success, or what is the client's matter
    /// @throws Fault if no manager answers, or none can do it
    public HttpAnswer ask(Request request) {
        byte[] body = request.body() == null ? null : Json.write(request.body());
        List<Fault> faults = new ArrayList<>();
        for (ServerAddress manager : List.copyOf(managers)) {
            if (told.add(manager)) {
                notices.asking(manager);
            }
            try {
                HttpAnswer answer = askOne(manager, request, body);
                Problem problem = answer.isSuccess() ? null : Problem.of(answer);
                if (problem == null || !problem.isOfThisManagerOnly()) {
                    managers.remove(manager);
                    managers.addFirst(manager);
                    return answer;
                }
                faults.add(new Fault(problem.fault().code(), shown(manager, problem.text())));
            } catch (IOException exception) {
                faults.add(fault(manager, exception));
                if (!request.mayRepeat() && !wasNotSent(exception)) {
                    throw new Fault(
                            ExitCode.UNAVAILABLE,
                            faults.getLast().line()
                                    + "; it may have been done all the same: look before you ask again");
                }
            } catch (Fault fault) {
                faults.add(new Fault(fault.code(), "Error querying server " + fault.line()));
            }
            if (managers.size() > 1) {
                notices.warning(faults.getLast().line());
            }
        }
        if (faults.size() == 1) {
            throw faults.getFirst();
        }
        throw new Fault(
                faults.getFirst().code(),
                "Unable to contact any of the existing servers: "
                        + joined()
                        + "; the first said: "
                        + faults.getFirst().line());
    }

    /// The answer, if it is a success.
    ///
    /// @throws Fault also if it is not
    public HttpAnswer succeed(Request request) {
        HttpAnswer answer = ask(request);
        if (!answer.isSuccess()) {
            throw Problem.of(answer).fault();
        }
        return answer;
    }

    /// The manager that answered last.
    public ServerAddress answering() {
        return managers.getFirst();
    }

    /// What is wrong with an answer that is not understood.
    public Fault nonsense(MalformedJsonException exception) {
        return new Fault(
                ExitCode.PROTOCOL,
                shown(
                        answering(),
                        "its answer "
                                + exception.getMessage()
                                + "; check that it is a Bitfusion manager of this version"));
    }

    private HttpAnswer askOne(ServerAddress manager, Request request, byte @Nullable [] body)
            throws IOException {
        Deadline deadline = Deadline.in(request.limit());
        HttpConnection known = connection;
        if (known != null && known.isUsable() && known.address().equals(manager)) {
            try {
                return exchange(known, request, body, deadline);
            } catch (SocketTimeoutException exception) {
                throw exception;
            } catch (IOException exception) {
                known.close(); // it was idle for too long; a new one tells what is wrong
                if (!request.mayRepeat()) {
                    throw exception;
                }
            }
        }
        if (known != null) {
            known.close();
            connection = null;
        }
        HttpConnection fresh;
        try {
            fresh = HttpConnection.open(manager, tls, deadline);
        } catch (IOException exception) {
            throw new NotConnectedException(exception);
        }
        connection = fresh;
        try {
            return exchange(fresh, request, body, deadline);
        } catch (IOException exception) {
            fresh.close();
            throw exception;
        }
    }

    private HttpAnswer exchange(
            HttpConnection over, Request request, byte @Nullable [] body, Deadline deadline)
            throws IOException {
        return over.exchange(
                request.method(), request.target(), authorization.orElse(null), body, deadline);
    }

    /// Nothing of the request has left.
    private static final class NotConnectedException extends IOException {
        private static final long serialVersionUID = 1;

        NotConnectedException(IOException cause) {
            super(cause);
        }
    }

    private static boolean wasNotSent(IOException exception) {
        return exception instanceof NotConnectedException;
    }

    private static String shown(ServerAddress manager, String text) {
        return "Error querying server " + manager + ": " + text;
    }

    private static Fault fault(ServerAddress manager, IOException exception) {
        Throwable reason =
                exception instanceof NotConnectedException && exception.getCause() != null
                        ? exception.getCause()
                        : exception;
        String text =
                switch (reason) {
                    case ConnectException _ ->
                            "nobody listens there; check servers.conf, and that the manager runs on that server"
                                    + " (systemctl status bitfusion-manager)";
                    case UnknownHostException _ -> "no such host; check servers.conf";
                    case NoRouteToHostException _ -> "no way to that host; check the network";
                    case SocketTimeoutException _ ->
                            exception instanceof NotConnectedException
                                    ? "i/o timeout: it does not answer; check servers.conf, the network and firewalls"
                                    : "context deadline exceeded: no whole answer in time; check that server's health";
                    case HttpInput.NoHttpException _ ->
                            "is no Bitfusion manager ("
                                    + reason.getMessage()
                                    + "); check the port in servers.conf";
                    default -> tlsText(reason);
                };
        ExitCode code =
                reason instanceof HttpInput.NoHttpException
                        ? ExitCode.PROTOCOL
                        : reason instanceof SSLException
                                ? ExitCode.NOT_ALLOWED
                                : ExitCode.UNAVAILABLE;
        return new Fault(code, shown(manager, text));
    }

    private static String tlsText(Throwable reason) {
        return HandshakeFailure.of(reason)
                .map(HandshakeFailure::message)
                .orElse(
                        Problem.oneLine(String.valueOf(reason.getMessage()))
                                + "; check that the manager runs there");
    }

    private String joined() {
        StringBuilder text = new StringBuilder();
        for (ServerAddress manager : managers) {
            text.append(text.isEmpty() ? "" : " ").append(manager);
        }
        return text.toString();
    }

    @Override
    public void close() {
        hangUp();
    }

    /// Ends the connection; the next request makes another.
    public void hangUp() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }
}
