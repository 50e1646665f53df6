/// What the log leaves out, tried with Logback itself.
@NullMarked
package org.bitfusion.server.log;

import org.jspecify.annotations.NullMarked;
