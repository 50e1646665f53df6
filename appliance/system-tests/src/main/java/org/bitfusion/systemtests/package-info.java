/// The whole product on loopback, broken one part at a time; holds no product code.
@NullMarked
package org.bitfusion.systemtests;

import org.jspecify.annotations.NullMarked;
