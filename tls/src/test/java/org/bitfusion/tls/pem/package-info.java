/// Tests of PEM text, certificates and keys.
@NullMarked
package org.bitfusion.tls.pem;

import org.jspecify.annotations.NullMarked;
