/// The lines of text between the dispatcher and the workers that it starts: orders on a worker's
/// standard input, reports on its standard output. Never on the network.
@NullMarked
package org.bitfusion.protocol.control;

import org.jspecify.annotations.NullMarked;
