/// Containers that carry PTX: fat binaries and the compressions inside them; never looks into the
/// PTX itself.
@NullMarked
package org.bitfusion.ptx.image;

import org.jspecify.annotations.NullMarked;
