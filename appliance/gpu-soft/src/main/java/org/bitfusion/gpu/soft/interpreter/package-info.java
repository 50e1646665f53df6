/// The oracle: executes PTX with registers, program counter and call stack per CUDA thread,
/// scheduled round robin so that every program that relies on forward progress works; never shares
/// code generation or scheduling with the compiler.
@NullMarked
package org.bitfusion.gpu.soft.interpreter;

import org.jspecify.annotations.NullMarked;
