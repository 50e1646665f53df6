/// Tests of tokens and their download.
@NullMarked
package org.bitfusion.tls.token;

import org.jspecify.annotations.NullMarked;
