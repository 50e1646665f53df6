/// What a pool consists of: appliances, their GPUs, leases, clients. Facts without rules.
@NullMarked
package org.bitfusion.scheduler.pool;

import org.jspecify.annotations.NullMarked;
