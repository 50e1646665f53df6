/// How a lease of the pool comes to be and ends: who waits, what is granted, what each appliance
/// takes. Never opens a socket: how managers reach each other is given to it ([Peers]).
@NullMarked
package org.bitfusion.allocator;

import org.jspecify.annotations.NullMarked;
