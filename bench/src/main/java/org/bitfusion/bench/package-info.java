/// Measures the product against plain references in the same run; never a test.
@NullMarked
package org.bitfusion.bench;

import org.jspecify.annotations.NullMarked;
