/// Who has reserved how much of a share of GPU memory, and of a machine's GPUs, in files that
/// processes share. Never knows what a lease is, nor asks a GPU.
@NullMarked
package org.bitfusion.ledger;

import org.jspecify.annotations.NullMarked;
