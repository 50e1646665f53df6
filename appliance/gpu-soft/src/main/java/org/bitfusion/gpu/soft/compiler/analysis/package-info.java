/// What the compiler knows about a kernel before it emits anything: control flow, cut points, live
/// registers, regions; never touches bytecode.
@NullMarked
package org.bitfusion.gpu.soft.compiler.analysis;

import org.jspecify.annotations.NullMarked;
