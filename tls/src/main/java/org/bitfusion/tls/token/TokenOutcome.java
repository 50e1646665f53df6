package org.bitfusion.tls.token;

import java.time.Instant;
import java.util.UUID;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsError;

/// What became of a token that was shown. All but [Wrong] and [OtherPool] are said only to who
/// knows the token's secret.
public sealed interface TokenOutcome {
    /// It counts.
    ///
    /// @param peer who is enrolled by it; after a lost answer the one that was before
    record Accepted(Token token, UUID peer) implements TokenOutcome {}

    /// It does not count, and why.
    sealed interface Refused extends TokenOutcome {
        TlsError error();

        /// With what to do.
        String message();
    }

    /// No token of that name, or not with that secret: deleted, or made up.
    record Wrong(TokenId id) implements Refused {
        @Override
        public TlsError error() {
            return TlsError.TOKEN_WRONG;
        }

        @Override
        public String message() {
            return error().tag()
                    + " Token "
                    + id
                    + " is not known to this pool: it was deleted or altered; ask an administrator"
                    + " for a new one (bitfusion token create)";
        }
    }

    record Expired(TokenId id, Instant at) implements Refused {
        @Override
        public TlsError error() {
            return TlsError.TOKEN_EXPIRED;
        }

        @Override
        public String message() {
            return error().tag()
                    + " Token expired at: "
                    + at
                    + "; ask an administrator to extend token "
                    + id
                    + " or for a new one (bitfusion token create)";
        }
    }

    record Disabled(TokenId id) implements Refused {
        @Override
        public TlsError error() {
            return TlsError.TOKEN_DISABLED;
        }

        @Override
        public String message() {
            return error().tag()
                    + " Token "
                    + id
                    + " is disabled; an administrator can enable it: bitfusion token enable "
                    + id;
        }
    }

    record UsedUp(TokenId id, int uses) implements Refused {
        @Override
        public TlsError error() {
            return TlsError.TOKEN_USED_UP;
        }

        @Override
        public String message() {
            return error().tag()
                    + " Token "
                    + id
                    + " has enrolled as many as it may ("
                    + uses
                    + "); ask an administrator for a new one (bitfusion token create)";
        }
    }

    /// @param again when it enrols more
    record UsedTooOften(TokenId id, Instant again) implements Refused {
        @Override
        public TlsError error() {
            return TlsError.TOKEN_USED_TOO_OFTEN;
        }

        @Override
        public String message() {
            return error().tag()
                    + " Token "
                    + id
                    + " has enrolled "
                    + Token.MOST_IN_AN_HOUR
                    + " within an hour, the most it may; try again after "
                    + again
                    + ", or ask an administrator for another one (bitfusion token create)";
        }
    }

    record OtherPool(TokenId id, PoolId pool, PoolId own) implements Refused {
        @Override
        public TlsError error() {
            return TlsError.TOKEN_OF_ANOTHER_POOL;
        }

        @Override
        public String message() {
            return error().tag()
                    + " Token "
                    + id
                    + " is of pool "
                    + pool
                    + ", these appliances are pool "
                    + own
                    + "; remove ~/.bitfusion/client.yaml and ~/.bitfusion/servers.conf and use the"
                    + " download of a token of this pool";
        }
    }

    record OtherPurpose(TokenId id, TokenPurpose purpose) implements Refused {
        @Override
        public TlsError error() {
            return TlsError.TOKEN_FOR_OTHER_PURPOSE;
        }

        @Override
        public String message() {
            return error().tag()
                    + " Token "
                    + id
                    + switch (purpose) {
                        case ENROL_CLIENT -> " is for clients; to join an appliance ask for one";
                        case JOIN_APPLIANCE -> " is for appliances; to enrol a client ask for one";
                    }
                    + " made for it";
        }
    }
}
