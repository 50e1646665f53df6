/// What this client asks of a pool's managers over HTTPS: a certificate, what there is, leases, and
/// what administrators do; never starts a program and never speaks to a dispatcher.
@NullMarked
package org.bitfusion.cli.pool;

import org.jspecify.annotations.NullMarked;
