/// Versioned records and where they lie (memory, files; ZooKeeper elsewhere); never knows what a
/// record means.
@NullMarked
package org.bitfusion.tls.store;

import org.jspecify.annotations.NullMarked;
