/// Tests, and a pool of real ZooKeeper processes for them.
@NullMarked
package org.bitfusion.cluster;

import org.jspecify.annotations.NullMarked;
