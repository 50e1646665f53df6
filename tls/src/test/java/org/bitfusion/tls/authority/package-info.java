/// Tests of the certificate authority, with openssl as the judge.
@NullMarked
package org.bitfusion.tls.authority;

import org.jspecify.annotations.NullMarked;
