/// NVIDIA's own libraries over the shim, where they can be had.
@NullMarked
package org.bitfusion.systemtests.libraries;

import org.jspecify.annotations.NullMarked;
