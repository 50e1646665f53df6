/// PEM text, certificates and private keys, by the JDK alone; never trusts what it reads and never
/// loads BouncyCastle.
@NullMarked
package org.bitfusion.tls.pem;

import org.jspecify.annotations.NullMarked;
