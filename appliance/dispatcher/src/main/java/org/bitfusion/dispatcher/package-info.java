/// Accepts clients, checks their lease, hands them a prestarted worker; never reads a CUDA call's
/// arguments.
@NullMarked
package org.bitfusion.dispatcher;

import org.jspecify.annotations.NullMarked;
