/// The bitfusion command; never touches a CUDA call.
@NullMarked
package org.bitfusion.cli;

import org.jspecify.annotations.NullMarked;
