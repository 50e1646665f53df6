/// Handshakes on loopback, with JSSE and with openssl at the other end.
@NullMarked
package org.bitfusion.tls.context;

import org.jspecify.annotations.NullMarked;
