/// Who has reserved how much of a share of GPU memory, in a file that processes share. Knows
/// neither leases nor GPUs.
@NullMarked
package org.bitfusion.ledger;

import org.jspecify.annotations.NullMarked;
