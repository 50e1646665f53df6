/// Writes the bytecode of regions, operation by operation; never runs any of it.
@NullMarked
package org.bitfusion.gpu.soft.compiler.emission;

import org.jspecify.annotations.NullMarked;
