package org.bitfusion.tls.context;

import java.io.EOFException;
import java.net.SocketException;
import java.time.Instant;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.identity.Identity;
import org.jspecify.annotations.Nullable;

/// Why a connection could not be made or was closed, for a person.
///
/// @param message with what to do, beginning with the error's number
public record HandshakeFailure(TlsError error, String message) {
    /// What JSSE says of an alert that came (RFC 8446, 6.2 has their names).
    private static final Pattern ALERT =
            Pattern.compile("Received fatal alert: ([a-z_]+)|\\(([a-z_]+)\\) Received fatal alert");

    private HandshakeFailure(TlsError error, String text, boolean tagged) {
        this(error, tagged ? error.tag() + " " + text : text);
    }

    /// The same for who has a certificate: JSSE tells a client only that it was refused
    /// (`certificate_unknown`), but that it has ended the client can see for itself.
    public static Optional<HandshakeFailure> of(Throwable thrown, Identity own, Instant now) {
        Optional<HandshakeFailure> failure = of(thrown);
        boolean refused =
                failure.filter(known -> known.error() == TlsError.OWN_CERTIFICATE_REFUSED)
                        .isPresent();
        boolean ended = !now.isBefore(own.certificate().getNotAfter().toInstant());
        return refused && ended ? Optional.of(explain("certificate_expired")) : failure;
    }

    /// What an exception means that came before the first answer of the other side; empty if it has
    /// nothing to do with TLS.
    public static Optional<HandshakeFailure> of(Throwable thrown) {
        Set<Throwable> seen = new HashSet<>();
        for (@Nullable Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (!seen.add(cause)) {
                return Optional.empty();
            }
            if (cause instanceof PeerRefused refusal) {
                return Optional.of(
                        new HandshakeFailure(
                                refusal.error(), String.valueOf(refusal.getMessage())));
            }
            if (cause instanceof SSLException) {
                Optional<HandshakeFailure> failure = ofAlert(String.valueOf(cause.getMessage()));
                if (failure.isPresent()) {
                    return failure;
                }
            }
            if (cause instanceof EOFException || isReset(cause)) {
                return Optional.of(cutOff());
            }
        }
        return Optional.empty();
    }

    private static boolean isReset(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        return cause instanceof SocketException
                && (message.contains("reset") || message.contains("Broken pipe"));
    }

    /// The reset may have overtaken an alert.
    private static HandshakeFailure cutOff() {
        return new HandshakeFailure(
                TlsError.HANDSHAKE_CUT_OFF,
                "the other side closed the connection before it answered: either it speaks no TLS"
                        + " (check the address in servers.conf), or it does not accept this"
                        + " machine's certificate; its log says why",
                true);
    }

    private static Optional<HandshakeFailure> ofAlert(String message) {
        Matcher matcher = ALERT.matcher(message);
        if (matcher.find()) {
            String alert = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
            return Optional.of(explain(alert.toLowerCase(Locale.ROOT)));
        }
        if (message.contains("No appropriate protocol") || message.contains("plaintext")) {
            return Optional.of(explain("protocol_version"));
        }
        return Optional.empty();
    }

    private static HandshakeFailure explain(String alert) {
        String head = "the other side refused the connection (alert " + alert + "): ";
        return switch (alert) {
            case "certificate_required" ->
                    new HandshakeFailure(
                            TlsError.CERTIFICATE_REQUIRED,
                            head
                                    + "it lets in nobody without a certificate of its pool; enrol"
                                    + " first, with a token that an administrator gives you",
                            true);
            case "certificate_expired" ->
                    new HandshakeFailure(
                            TlsError.CERTIFICATE_EXPIRED,
                            head
                                    + "this machine's certificate has ended; enrol again with a"
                                    + " token that an administrator gives you",
                            true);
            case "certificate_revoked" ->
                    new HandshakeFailure(
                            TlsError.CERTIFICATE_REVOKED,
                            head
                                    + "this machine's certificate was revoked; an administrator can"
                                    + " enable the client again or give you a token to enrol with",
                            true);
            case "protocol_version", "handshake_failure", "insufficient_security" ->
                    new HandshakeFailure(
                            TlsError.NO_COMMON_PROTOCOL,
                            head
                                    + "the two have no protocol in common; TLS 1.3 is needed, so"
                                    + " upgrade the older side",
                            true);
            case "unknown_ca",
                    "certificate_unknown",
                    "bad_certificate",
                    "unsupported_certificate" ->
                    new HandshakeFailure(
                            TlsError.OWN_CERTIFICATE_REFUSED,
                            head
                                    + "it does not accept this machine's certificate; its log says"
                                    + " why. If the client was disabled or deleted, an administrator"
                                    + " can enable it or give you a token; if the pool was made"
                                    + " anew, remove ~/.bitfusion/client.yaml and"
                                    + " ~/.bitfusion/servers.conf and enrol with a token of the new"
                                    + " pool; if the clocks differ, set both by NTP",
                            true);
            default ->
                    new HandshakeFailure(
                            TlsError.NO_COMMON_PROTOCOL, head + "its log says why", true);
        };
    }
}
