/// A GPU made of CPU cores that executes PTX; never pretends: what it cannot run fails with a CUDA
/// error.
@NullMarked
package org.bitfusion.gpu.soft;

import org.jspecify.annotations.NullMarked;
