/// JMH benchmarks of what lives inside one JVM, and the table made of their results; never opens a
/// socket or starts the product.
@NullMarked
package org.bitfusion.bench.jvm;

import org.jspecify.annotations.NullMarked;
