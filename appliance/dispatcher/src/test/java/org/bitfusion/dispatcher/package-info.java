/// Leases, the ledger and the decoder of the dispatcher, each alone.
@NullMarked
package org.bitfusion.dispatcher;

import org.jspecify.annotations.NullMarked;
