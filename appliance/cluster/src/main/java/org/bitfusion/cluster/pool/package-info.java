/// Appliances, what each has promised, and leases, as records; a grant as one change. Never decides
/// who gets what, and is never written to by a renewal.
@NullMarked
package org.bitfusion.cluster.pool;

import org.jspecify.annotations.NullMarked;
