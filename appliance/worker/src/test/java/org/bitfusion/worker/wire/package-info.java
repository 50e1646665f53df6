/// The worker's frames, links and outbox, each alone.
@NullMarked
package org.bitfusion.worker.wire;

import org.jspecify.annotations.NullMarked;
