/// Modules in device memory: images, variables and kernels; never runs a kernel.
@NullMarked
package org.bitfusion.gpu.soft.module;

import org.jspecify.annotations.NullMarked;
