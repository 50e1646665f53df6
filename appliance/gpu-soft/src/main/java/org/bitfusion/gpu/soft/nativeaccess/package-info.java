/// Calls to the C library for address space; never hands out memory that the process does not own.
@NullMarked
package org.bitfusion.gpu.soft.nativeaccess;

import org.jspecify.annotations.NullMarked;
