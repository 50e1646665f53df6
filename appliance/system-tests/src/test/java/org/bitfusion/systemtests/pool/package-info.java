/// A pool as its administrators and users meet it: `bitfusion manager` and the commands, real
/// processes all; never calls the product's classes.
@NullMarked
package org.bitfusion.systemtests.pool;

import org.jspecify.annotations.NullMarked;
