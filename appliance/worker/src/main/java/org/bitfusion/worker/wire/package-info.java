/// What goes over a client's connection: frames that two threads take turns at reading, that are
/// written, packed where that pays, and kept until they are acknowledged. Never knows what a
/// message means.
@NullMarked
package org.bitfusion.worker.wire;

import org.jspecify.annotations.NullMarked;
