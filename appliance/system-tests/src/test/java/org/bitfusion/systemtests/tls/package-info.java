/// Clients and appliances of a pool over TLS, and those who do not belong.
@NullMarked
package org.bitfusion.systemtests.tls;

import org.jspecify.annotations.NullMarked;
