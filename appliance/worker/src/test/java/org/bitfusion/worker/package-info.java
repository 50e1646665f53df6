/// The worker's parts, each alone; whole sessions are tried in `appliance/server`.
@NullMarked
package org.bitfusion.worker;

import org.jspecify.annotations.NullMarked;
