/// Holds both executors against what C expects of every instruction form; never knows what an
/// instruction means.
@NullMarked
package org.bitfusion.gpu.soft.forms;

import org.jspecify.annotations.NullMarked;
