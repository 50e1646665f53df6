/// Runs every benchmark once; never measures.
@NullMarked
package org.bitfusion.bench.jvm;

import org.jspecify.annotations.NullMarked;
