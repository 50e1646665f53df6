package org.bitfusion.manager.web;

import java.util.Optional;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.user.Role;
import org.bitfusion.tls.user.User;

/// Who is at the other end of a request, after certificate or password were checked.
public sealed interface Caller {
    /// The request's attribute that holds it.
    String ATTRIBUTE = "org.bitfusion.caller";

    boolean is(Who who);

    /// For logs and events.
    String name();

    record Client(PeerIdentity peer) implements Caller {
        @Override
        public boolean is(Who who) {
            return who == Who.NOBODY || who == Who.CLIENT;
        }

        @Override
        public String name() {
            return "client " + peer.name();
        }
    }

    /// An appliance of the pool; who is root there acts as an administrator.
    ///
    /// @param passesOn whose request it passes on, as it named it; empty for its own
    record Appliance(PeerIdentity peer, Optional<String> passesOn) implements Caller {
        @Override
        public boolean is(Who who) {
            return who != Who.CLIENT;
        }

        @Override
        public String name() {
            return passesOn.orElse("appliance " + peer.name());
        }
    }

    record Administrator(User user) implements Caller {
        @Override
        public boolean is(Who who) {
            return switch (who) {
                case NOBODY, VIEWER -> true;
                case ADMIN -> user.role() == Role.ADMIN;
                case CLIENT, APPLIANCE -> false;
            };
        }

        @Override
        public String name() {
            return "user " + user.name();
        }
    }

    record Anonymous() implements Caller {
        @Override
        public boolean is(Who who) {
            return who == Who.NOBODY;
        }

        @Override
        public String name() {
            return "nobody";
        }
    }
}
