/// Frames, hello and messages between client and appliance; never opens a socket.
@NullMarked
package org.bitfusion.protocol;

import org.jspecify.annotations.NullMarked;
