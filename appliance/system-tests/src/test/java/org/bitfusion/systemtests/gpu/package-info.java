/// The product on a real GPU: what `build-tools/gpu-run` runs there.
@NullMarked
package org.bitfusion.systemtests.gpu;

import org.jspecify.annotations.NullMarked;
