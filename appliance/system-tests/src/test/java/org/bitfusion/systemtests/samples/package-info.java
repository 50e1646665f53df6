/// Programs that know nothing of the product, run by it; never looks into it.
@NullMarked
package org.bitfusion.systemtests.samples;

import org.jspecify.annotations.NullMarked;
