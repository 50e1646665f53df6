/// Executes what the documentation shows.
@NullMarked
package org.bitfusion.systemtests.documentation;

import org.jspecify.annotations.NullMarked;
