/// Tests of the PTX reader.
@NullMarked
package org.bitfusion.ptx;

import org.jspecify.annotations.NullMarked;
