/// Several managers in one process, over a real ZooKeeper and real dispatchers.
@NullMarked
package org.bitfusion.allocator;

import org.jspecify.annotations.NullMarked;
