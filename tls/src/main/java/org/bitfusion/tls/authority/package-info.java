/// The pool's certificate authority and the pool key that opens it; never keeps an issuing key in
/// clear anywhere but in memory.
@NullMarked
package org.bitfusion.tls.authority;

import org.jspecify.annotations.NullMarked;
