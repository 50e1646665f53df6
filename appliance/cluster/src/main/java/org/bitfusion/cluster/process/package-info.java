/// ZooKeeper as a process of its own: its folder, its TLS, and who starts it again; never reads
/// what it keeps.
@NullMarked
package org.bitfusion.cluster.process;

import org.jspecify.annotations.NullMarked;
