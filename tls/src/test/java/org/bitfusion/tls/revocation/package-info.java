/// Tests of the revocation list.
@NullMarked
package org.bitfusion.tls.revocation;

import org.jspecify.annotations.NullMarked;
