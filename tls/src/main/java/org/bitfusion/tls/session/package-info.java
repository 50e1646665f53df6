/// Keys for one session's data connection; never a key of the pool or of an appliance.
@NullMarked
package org.bitfusion.tls.session;

import org.jspecify.annotations.NullMarked;
