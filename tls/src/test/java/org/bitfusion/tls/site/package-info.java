/// Tests of a site's own certificate, made by openssl.
@NullMarked
package org.bitfusion.tls.site;

import org.jspecify.annotations.NullMarked;
