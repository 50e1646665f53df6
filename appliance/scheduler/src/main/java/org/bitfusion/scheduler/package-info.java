/// Who gets which share of which GPU. Everything here is a function of its arguments: no I/O, no
/// clock, no threads; it depends on nothing but the JDK.
@NullMarked
package org.bitfusion.scheduler;

import org.jspecify.annotations.NullMarked;
