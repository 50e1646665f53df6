/// What users write: shares, filters, addresses.
@NullMarked
package org.bitfusion.scheduler.request;

import org.jspecify.annotations.NullMarked;
