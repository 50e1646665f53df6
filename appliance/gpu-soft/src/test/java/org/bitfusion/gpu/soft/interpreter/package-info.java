/// Tests of the interpreter against definitions, independent computation and programs that need
/// forward progress.
@NullMarked
package org.bitfusion.gpu.soft.interpreter;

import org.jspecify.annotations.NullMarked;
