/// What the worker asks of the operating system that Java cannot; never of a GPU.
@NullMarked
package org.bitfusion.worker.nativeaccess;

import org.jspecify.annotations.NullMarked;
