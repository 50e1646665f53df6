/// Connections to servers, plain or over TLS, by this program's library or by JSSE; never knows
/// what is said over them, and never lets the library have the last word against a peer.
@NullMarked
package org.bitfusion.cli.connection;

import org.jspecify.annotations.NullMarked;
