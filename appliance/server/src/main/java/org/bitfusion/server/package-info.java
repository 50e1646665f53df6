/// The appliance's processes wired together, one main class each; never holds logic of its own.
@NullMarked
package org.bitfusion.server;

import org.jspecify.annotations.NullMarked;
