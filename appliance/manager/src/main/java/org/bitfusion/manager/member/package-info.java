/// An appliance's place in its pool: its folder, how it founds a pool or joins one, what it shares
/// with the others; never answers the network itself.
@NullMarked
package org.bitfusion.manager.member;

import org.jspecify.annotations.NullMarked;
