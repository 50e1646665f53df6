/// Leases as clients and managers tell one another, and the way from one manager to another; never
/// decides anything about a lease.
@NullMarked
package org.bitfusion.manager.lease;

import org.jspecify.annotations.NullMarked;
