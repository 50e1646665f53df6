/// The lines of text between the dispatcher and the workers that it starts, over a Unix socket of
/// the appliance's run folder: orders to the worker, reports from it. Never on the network.
@NullMarked
package org.bitfusion.protocol.control;

import org.jspecify.annotations.NullMarked;
