/// Which certificates and clients are no longer let in, and who is told; never closes a session
/// itself.
@NullMarked
package org.bitfusion.tls.revocation;

import org.jspecify.annotations.NullMarked;
