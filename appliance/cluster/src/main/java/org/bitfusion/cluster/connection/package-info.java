/// A connection to the pool's ZooKeeper, and what it means when it breaks.
@NullMarked
package org.bitfusion.cluster.connection;

import org.jspecify.annotations.NullMarked;
