/// Tests that no secret is printed or logged.
@NullMarked
package org.bitfusion.tls.secrets;

import org.jspecify.annotations.NullMarked;
