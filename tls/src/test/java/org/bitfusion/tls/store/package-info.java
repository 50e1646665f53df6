/// The behaviour of every store of records.
@NullMarked
package org.bitfusion.tls.store;

import org.jspecify.annotations.NullMarked;
