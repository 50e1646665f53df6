/// Compiles a PTX kernel to JVM bytecode and runs it block by block; never interprets: a kernel it
/// cannot compile is declined with a reason.
@NullMarked
package org.bitfusion.gpu.soft.compiler;

import org.jspecify.annotations.NullMarked;
