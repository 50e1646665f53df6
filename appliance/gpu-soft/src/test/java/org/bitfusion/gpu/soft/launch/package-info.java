/// Tests of the package of the same name.
@NullMarked
package org.bitfusion.gpu.soft.launch;

import org.jspecify.annotations.NullMarked;
