/// Tests of what is asked of the operating system.
@NullMarked
package org.bitfusion.worker.nativeaccess;

import org.jspecify.annotations.NullMarked;
