/// Tests.
@NullMarked
package org.bitfusion.cluster.process;

import org.jspecify.annotations.NullMarked;
