/// What the appliance's log leaves out, so that nobody outside can fill it; never what an
/// administrator has to know once.
@NullMarked
package org.bitfusion.server.log;

import org.jspecify.annotations.NullMarked;
