/// What every GPU must do, as tests over the driver contract; never knows which GPU it tests.
@NullMarked
package org.bitfusion.gpu.contract;

import org.jspecify.annotations.NullMarked;
