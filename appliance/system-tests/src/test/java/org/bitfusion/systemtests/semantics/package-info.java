/// Holds what a program sees against the contract: the C programs under `src/test/c`, run one test
/// a process.
@NullMarked
package org.bitfusion.systemtests.semantics;

import org.jspecify.annotations.NullMarked;
