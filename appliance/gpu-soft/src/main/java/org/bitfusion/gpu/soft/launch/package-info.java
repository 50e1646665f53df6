/// Runs the blocks of a grid on CPU cores and provides what kernels ask of their device; never
/// knows how an instruction works.
@NullMarked
package org.bitfusion.gpu.soft.launch;

import org.jspecify.annotations.NullMarked;
