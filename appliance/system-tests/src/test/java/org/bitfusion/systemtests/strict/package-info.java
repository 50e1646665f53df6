/// The product over `gpu-cuda` and the strict driver, in the place of the machine's GPUs.
@NullMarked
package org.bitfusion.systemtests.strict;

import org.jspecify.annotations.NullMarked;
