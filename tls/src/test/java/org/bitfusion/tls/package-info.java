/// What the tests of this module have in common.
@NullMarked
package org.bitfusion.tls;

import org.jspecify.annotations.NullMarked;
