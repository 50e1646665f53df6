/// PTX text and fat binaries to a typed program; never executes anything and depends on nothing.
@NullMarked
package org.bitfusion.ptx;

import org.jspecify.annotations.NullMarked;
