/// Tests.
@NullMarked
package org.bitfusion.cluster.store;

import org.jspecify.annotations.NullMarked;
