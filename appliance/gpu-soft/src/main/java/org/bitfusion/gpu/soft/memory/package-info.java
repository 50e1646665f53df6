/// Who owns which bytes of the software GPUs' memory; never moves data on its own and starts no
/// thread.
@NullMarked
package org.bitfusion.gpu.soft.memory;

import org.jspecify.annotations.NullMarked;
