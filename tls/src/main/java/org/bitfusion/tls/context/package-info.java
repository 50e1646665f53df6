/// TLS contexts for each of the pool's ports, and what a failure means to who reads it; never opens
/// a socket and never loads BouncyCastle.
@NullMarked
package org.bitfusion.tls.context;

import org.jspecify.annotations.NullMarked;
