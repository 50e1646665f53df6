/// Holds the compiler against the interpreter: the same kernels and inputs, memory compared bit for
/// bit.
@NullMarked
package org.bitfusion.gpu.soft.compiler;

import org.jspecify.annotations.NullMarked;
