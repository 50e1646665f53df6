/// Turns protocol/spec into Java and C; never runs in the product.
@NullMarked
package org.bitfusion.protocol.generator;

import org.jspecify.annotations.NullMarked;
