/// The rules one by one, and properties that hold for pools made at random.
@NullMarked
package org.bitfusion.scheduler;

import org.jspecify.annotations.NullMarked;
