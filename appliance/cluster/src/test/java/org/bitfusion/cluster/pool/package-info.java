/// Tests.
@NullMarked
package org.bitfusion.cluster.pool;

import org.jspecify.annotations.NullMarked;
