/// Tests of containers and decompression.
@NullMarked
package org.bitfusion.ptx.image;

import org.jspecify.annotations.NullMarked;
