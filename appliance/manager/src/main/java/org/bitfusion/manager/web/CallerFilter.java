package org.bitfusion.manager.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.tls.Names;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.user.LoginOutcome;
import org.springframework.web.filter.OncePerRequestFilter;

/// Finds out who asks, at each request: a connection that is open may be of somebody who was
/// revoked meanwhile. Nobody known gets the routes of enrolment and a problem for all others.
public final class CallerFilter extends OncePerRequestFilter {
    static final String ENROLMENT = "/api/v1/enrolment/";

    /// Between appliances: who asked the one that passes a request on.
    public static final String PASSES_ON = "Bitfusion-Caller";

    private static final String CHAIN = "jakarta.servlet.request.X509Certificate";
    private static final String BASIC = "Basic ";

    private final Pool pool;
    private final Crowd<String> crowd;

    /// @param crowd is told who has proved itself
    CallerFilter(Pool pool, Crowd<String> crowd) {
        this.pool = pool;
        this.crowd = crowd;
    }

    @Override
    protected void doFilterInternal(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Optional<Caller> caller = caller(request, response);
        if (caller.isEmpty()) {
            return;
        }
        if (caller.get() instanceof Caller.Anonymous
                && !request.getServletPath().startsWith(ENROLMENT)) {
            response.setHeader("WWW-Authenticate", "Basic realm=\"bitfusion\", charset=\"UTF-8\"");
            ProblemText.write(
                    response,
                    401,
                    "without a certificate of the pool, or an administrator's name and password,"
                            + " only enrolment is answered");
            return;
        }
        if (!isLetIn(caller.get(), request)) {
            response.setHeader("Connection", "close");
            ProblemText.write(
                    response,
                    429,
                    "too many connections are open from this address; close some of them");
            return;
        }
        request.setAttribute(Caller.ATTRIBUTE, caller.get());
        chain.doFilter(request, response);
    }

    private boolean isLetIn(Caller caller, HttpServletRequest request) {
        String connection = request.getServletConnection().getConnectionId();
        return switch (caller) {
            case Caller.Anonymous _ -> true;
            case Caller.Client _, Caller.Administrator _ -> crowd.isLetIn(connection);
            // It passes on what clients ask it, each over a connection.
            case Caller.Appliance _ -> crowd.isLetInBesides(connection);
        };
    }

    /// Empty: it has been answered.
    private Optional<Caller> caller(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        String authorization = request.getHeader("Authorization");
        if (authorization != null) {
            return login(authorization, request.getRemoteAddr(), response);
        }
        if (!(request.getAttribute(CHAIN) instanceof X509Certificate[] chain)
                || chain.length == 0) {
            return Optional.of(new Caller.Anonymous());
        }
        try {
            PeerIdentity peer =
                    pool.trust().check(List.of(chain), Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE));
            return Optional.of(
                    switch (peer.role()) {
                        case CLIENT -> new Caller.Client(peer);
                        case APPLIANCE -> new Caller.Appliance(peer, passesOn(request));
                    });
        } catch (PeerRefused refusal) {
            response.setHeader("Connection", "close");
            ProblemText.write(response, 401, String.valueOf(refusal.getMessage()));
            return Optional.empty();
        }
    }

    private static Optional<String> passesOn(HttpServletRequest request) {
        return Optional.ofNullable(request.getHeader(PASSES_ON)).map(Names::shown);
    }

    private Optional<Caller> login(
            String authorization, String address, HttpServletResponse response) throws IOException {
        Optional<Credentials> credentials = Credentials.parse(authorization);
        if (credentials.isEmpty()) {
            ProblemText.write(
                    response, 401, "Authorization makes no sense (expected: Basic, RFC 7617)");
            return Optional.empty();
        }
        LoginOutcome outcome;
        try {
            outcome =
                    pool.users()
                            .login(
                                    credentials.get().name,
                                    credentials.get().password,
                                    address,
                                    pool.now());
        } catch (TlsException exception) {
            ProblemText.write(response, 503, String.valueOf(exception.getMessage()));
            return Optional.empty();
        } finally {
            Arrays.fill(credentials.get().password, '\0');
        }
        switch (outcome) {
            case LoginOutcome.Accepted(var user) -> {
                return Optional.of(new Caller.Administrator(user));
            }
            case LoginOutcome.Wait(var left) -> {
                response.setHeader("Retry-After", Long.toString(left.toSeconds() + 1));
                ProblemText.write(
                        response,
                        429,
                        "too many attempts; wait " + (left.toSeconds() + 1) + " seconds");
            }
            case LoginOutcome.Refused _ -> {
                response.setHeader(
                        "WWW-Authenticate", "Basic realm=\"bitfusion\", charset=\"UTF-8\"");
                ProblemText.write(response, 401, "name or password is wrong");
            }
        }
        return Optional.empty();
    }

    /// A name and a password, which the reader overwrites.
    private static final class Credentials {
        private final String name;
        private final char[] password;

        private Credentials(String name, char[] password) {
            this.name = name;
            this.password = password;
        }

        static Optional<Credentials> parse(String authorization) {
            if (!authorization.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
                return Optional.empty();
            }
            byte[] bytes;
            try {
                bytes = Base64.getDecoder().decode(authorization.substring(BASIC.length()).strip());
            } catch (IllegalArgumentException _) {
                return Optional.empty();
            }
            CharBuffer text = StandardCharsets.UTF_8.decode(ByteBuffer.wrap(bytes));
            char[] all = Arrays.copyOf(text.array(), text.limit());
            Arrays.fill(text.array(), '\0');
            Arrays.fill(bytes, (byte) 0);
            int colon = 0;
            while (colon < all.length && all[colon] != ':') {
                colon++;
            }
            if (colon == all.length) {
                return Optional.empty();
            }
            char[] password = Arrays.copyOfRange(all, colon + 1, all.length);
            String name = new String(all, 0, colon);
            Arrays.fill(all, '\0');
            return Optional.of(new Credentials(name, password));
        }
    }
}
