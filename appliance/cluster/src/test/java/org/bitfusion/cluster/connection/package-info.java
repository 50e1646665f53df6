/// Tests.
@NullMarked
package org.bitfusion.cluster.connection;

import org.jspecify.annotations.NullMarked;
