/// Holds the invariants of docs/ARCHITECTURE.md against the compiled classes.
@NullMarked
package org.bitfusion.systemtests.architecture;

import org.jspecify.annotations.NullMarked;
