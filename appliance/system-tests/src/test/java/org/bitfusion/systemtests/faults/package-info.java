/// Breaks one part of the running product at a time and holds it against the failure table of
/// docs/ARCHITECTURE.md.
@NullMarked
package org.bitfusion.systemtests.faults;

import org.jspecify.annotations.NullMarked;
