/// The lines between dispatcher and workers, there and back.
@NullMarked
package org.bitfusion.protocol.control;

import org.jspecify.annotations.NullMarked;
