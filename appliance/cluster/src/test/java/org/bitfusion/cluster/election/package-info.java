/// Managers that want to schedule, over a real ZooKeeper.
@NullMarked
package org.bitfusion.cluster.election;

import org.jspecify.annotations.NullMarked;
