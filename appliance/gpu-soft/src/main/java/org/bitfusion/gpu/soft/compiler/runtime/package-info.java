/// What generated code needs while it runs: frames, memory access, warp exchange, the scheduling of
/// a block's threads; never knows PTX text.
@NullMarked
package org.bitfusion.gpu.soft.compiler.runtime;

import org.jspecify.annotations.NullMarked;
