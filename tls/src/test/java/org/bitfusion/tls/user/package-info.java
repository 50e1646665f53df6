/// Tests of administrators.
@NullMarked
package org.bitfusion.tls.user;

import org.jspecify.annotations.NullMarked;
