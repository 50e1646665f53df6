/// How a kernel's blocks are executed, whatever executes them; never knows how an instruction
/// works.
@NullMarked
package org.bitfusion.gpu.soft.execution;

import org.jspecify.annotations.NullMarked;
