/// PTX arithmetic against exact computation and the error bounds of the ISA.
@NullMarked
package org.bitfusion.gpu.soft.arithmetic;

import org.jspecify.annotations.NullMarked;
