/// What PTX means by an operation where Java has no single operator for it: static methods over
/// primitives, called by the interpreter and by generated code alike; holds no state.
@NullMarked
package org.bitfusion.gpu.soft.arithmetic;

import org.jspecify.annotations.NullMarked;
