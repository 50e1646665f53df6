/// A site's own certificate for the web port, checked before it is used; never trusts it for
/// anything within the pool.
@NullMarked
package org.bitfusion.tls.site;

import org.jspecify.annotations.NullMarked;
