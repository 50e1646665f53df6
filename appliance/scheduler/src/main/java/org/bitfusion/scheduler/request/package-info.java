/// What can be asked of a pool, how it is written (`-p 0.5`, `--filter device.name=*A100*`), and
/// for which reasons a request is refused.
@NullMarked
package org.bitfusion.scheduler.request;

import org.jspecify.annotations.NullMarked;
