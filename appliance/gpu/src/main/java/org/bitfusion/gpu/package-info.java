/// The contract every GPU fulfils, and CUDA's status values; never knows which GPU it is.
@NullMarked
package org.bitfusion.gpu;

import org.jspecify.annotations.NullMarked;
