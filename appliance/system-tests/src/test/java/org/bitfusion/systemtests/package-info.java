/// Starts the product's own processes on loopback for tests; holds no product code.
@NullMarked
package org.bitfusion.systemtests;

import org.jspecify.annotations.NullMarked;
