/// The real driver and NVML through FFM; never holds policy.
@NullMarked
package org.bitfusion.gpu.cuda;

import org.jspecify.annotations.NullMarked;
