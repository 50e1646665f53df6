/// One process per client process: executes its messages on a GPU; never outlives its lease.
@NullMarked
package org.bitfusion.worker;

import org.jspecify.annotations.NullMarked;
