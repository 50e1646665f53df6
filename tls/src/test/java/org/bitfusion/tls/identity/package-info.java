/// Tests of keys with their certificates.
@NullMarked
package org.bitfusion.tls.identity;

import org.jspecify.annotations.NullMarked;
