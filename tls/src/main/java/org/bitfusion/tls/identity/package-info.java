/// A private key with its certificates, and a holder in which it is replaced at renewal; never
/// shows the key.
@NullMarked
package org.bitfusion.tls.identity;

import org.jspecify.annotations.NullMarked;
