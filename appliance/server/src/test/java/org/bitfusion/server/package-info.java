/// The appliance's processes tried from outside, by a client that speaks the protocol.
@NullMarked
package org.bitfusion.server;

import org.jspecify.annotations.NullMarked;
