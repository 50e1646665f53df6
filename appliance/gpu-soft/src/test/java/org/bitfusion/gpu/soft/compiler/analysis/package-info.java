/// Where kernels are cut, and what is the same for all threads.
@NullMarked
package org.bitfusion.gpu.soft.compiler.analysis;

import org.jspecify.annotations.NullMarked;
