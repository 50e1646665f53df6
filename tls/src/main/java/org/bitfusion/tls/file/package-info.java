/// Files that hold secrets, mode 0600, replaced atomically; never reads one that others can read.
@NullMarked
package org.bitfusion.tls.file;

import org.jspecify.annotations.NullMarked;
