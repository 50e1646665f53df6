package org.bitfusion.cli.connection;

import java.io.IOException;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.Secret;

/// A connection over TLS 1.3 to an appliance of the pool whose certificate is good.
public interface SecureConnection extends Connection {
    /// What both ends have in common and nobody else.
    ChannelBinding binding() throws IOException;

    /// What stands in the access secret's place ([ChannelBinding#accessSecret]).
    Secret accessSecret() throws IOException;
}
