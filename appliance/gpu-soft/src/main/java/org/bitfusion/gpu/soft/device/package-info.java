/// Devices, contexts, streams and events of the software GPU; never knows how a kernel is executed.
@NullMarked
package org.bitfusion.gpu.soft.device;

import org.jspecify.annotations.NullMarked;
