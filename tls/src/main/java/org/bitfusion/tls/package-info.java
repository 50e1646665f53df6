/// What all of the module has in common: its numbered errors and who a pool's peers are; never
/// opens a socket and reads no clock that it was not given.
@NullMarked
package org.bitfusion.tls;

import org.jspecify.annotations.NullMarked;
