/// The records of `tls` in ZooKeeper.
@NullMarked
package org.bitfusion.cluster.store;

import org.jspecify.annotations.NullMarked;
