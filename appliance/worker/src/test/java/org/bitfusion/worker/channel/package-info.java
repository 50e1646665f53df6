@NullMarked
package org.bitfusion.worker.channel;

import org.jspecify.annotations.NullMarked;
