/// Tests of the software GPU as a whole.
@NullMarked
package org.bitfusion.gpu.soft;

import org.jspecify.annotations.NullMarked;
