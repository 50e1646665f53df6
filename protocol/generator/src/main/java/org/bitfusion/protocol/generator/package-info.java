/// Reads the specification of the wire and of the driver's functions and writes C and Java from it;
/// runs while building, never in the product, and needs nothing but the JDK.
@NullMarked
package org.bitfusion.protocol.generator;

import org.jspecify.annotations.NullMarked;
