/// The ledger, alone and with other processes.
@NullMarked
package org.bitfusion.ledger;

import org.jspecify.annotations.NullMarked;
