/// Which of the pool's managers schedules. Never what it decides.
@NullMarked
package org.bitfusion.cluster.election;

import org.jspecify.annotations.NullMarked;
