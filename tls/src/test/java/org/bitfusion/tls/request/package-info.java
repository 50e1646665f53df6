/// Tests of signing requests, honest and hostile.
@NullMarked
package org.bitfusion.tls.request;

import org.jspecify.annotations.NullMarked;
