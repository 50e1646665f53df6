/// The wire between programs, dispatcher and workers: the hello, the frame's header and the pieces
/// of a message; never opens a socket.
@NullMarked
package org.bitfusion.protocol;

import org.jspecify.annotations.NullMarked;
