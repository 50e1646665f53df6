/// Tests.
@NullMarked
package org.bitfusion.cluster.ensemble;

import org.jspecify.annotations.NullMarked;
