/// Certificate signing requests, made and read; never decides what goes into a certificate.
@NullMarked
package org.bitfusion.tls.request;

import org.jspecify.annotations.NullMarked;
